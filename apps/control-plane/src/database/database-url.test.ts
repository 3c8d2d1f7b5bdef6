import { describe, expect, test } from 'vitest';
import { describeDatabase, parseDatabaseUrl } from './database-url.ts';

describe('the address of a database', () => {
  test.each([
    'postgres://sluice:secret@db.example:5433/sluice?sslmode=verify-full',
    'postgresql://db/sluice',
    'postgresql:///sluice?host=/run/postgresql',
  ])('may be %s', (text) => {
    expect(parseDatabaseUrl(text)).toBe(text);
  });

  test.each([
    'db.example/sluice',
    'mysql://sluice:secret@db/sluice',
    'postgres://sluice:sec/ret@db/sluice',
    'postgres://sluice:12#secret@db/sluice',
    'secret',
  ])('is refused without being repeated when it is %s', (text) => {
    expect(() => parseDatabaseUrl(text)).toThrow(
      expect.objectContaining({
        code: 'invalid-settings',
        message: expect.stringMatching(/^--database-url \(SLUICE_DATABASE_URL\) must be like(?!.*sec)/),
        cause: undefined,
      }),
    );
  });

  test.each([
    ['postgres://sluice:secret@db:5433/sluice?password=secret', 'postgres://sluice@db:5433/sluice'],
    ['postgresql:///sluice?host=/run', 'postgresql:///sluice'],
  ])('is shown without password: %s', (text, shown) => {
    expect(describeDatabase(text)).toBe(shown);
  });
});

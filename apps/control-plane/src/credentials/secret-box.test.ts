import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodePlatform } from '../platform.ts';
import { createSecretBox, findSecret } from './secret-box.ts';

describe('a secret box', () => {
  const box = createSecretBox('a secret', nodePlatform);

  test('gives back what was put into it', () => {
    for (const text of ['sdk-123', '', 'ü\u{1F600}']) expect(box.open(box.seal(text))).toBe(text);
  });

  test('seals the same text differently each time, and shows nothing of it', () => {
    const [one, two] = [box.seal('sdk-123'), box.seal('sdk-123')];
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('sdk-123');
  });

  test('opens nothing that was sealed with another secret, or altered', () => {
    const sealed = box.seal('sdk-123');
    expect(() => createSecretBox('another secret', nodePlatform).open(sealed)).toThrow();
    const bytes = Buffer.from(sealed, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      expect(() => box.open(altered.toString('base64url'))).toThrow();
    }
    expect(() => box.open('')).toThrow();
  });
});

describe("the server's secret", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-secret-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  test('is the one that is set', () => {
    expect(findSecret('from the environment', folder, nodePlatform)).toBe('from the environment');
  });

  test('is made once otherwise, and readable by its owner only', () => {
    const secret = findSecret(undefined, folder, nodePlatform);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(findSecret(undefined, folder, nodePlatform)).toBe(secret);
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe(`${secret}\n`);
    expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
  });

  test('is refused where its file cannot be read, and which that is', () => {
    mkdirSync(join(folder, 'secret'));
    const message = expect.stringContaining(`a secret cannot be kept in ${join(folder, 'secret')}: `);
    expect(() => findSecret(undefined, folder, nodePlatform)).toThrow(
      expect.objectContaining({ code: 'invalid-settings', message }),
    );
  });

  test('is refused where its file is empty, instead of encrypting with nothing', () => {
    writeFileSync(join(folder, 'secret'), '\n');
    expect(() => findSecret(undefined, folder, nodePlatform)).toThrow(
      expect.objectContaining({ code: 'invalid-settings', message: expect.stringContaining('secret is empty') }),
    );
  });

  test('that cannot be kept is asked for', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => findSecret(undefined, join(folder, 'file'), nodePlatform)).toThrow(
      expect.objectContaining({ code: 'invalid-settings', message: expect.stringContaining('set SLUICE_SECRET') }),
    );
  });

  test('is closed to others where somebody opened it', () => {
    writeFileSync(join(folder, 'secret'), 'abc\n', { mode: 0o644 });
    expect(findSecret(undefined, folder, nodePlatform)).toBe('abc');
    expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
  });
});

import { describe, expect, test } from 'vitest';
import { type ConfigForm, toConfig } from './to-config.ts';

const ttl: ConfigForm = {
  key: 'cache.ttl ',
  description: '',
  owner: 'Platform',
  type: 'integer',
  value: '1min',
  unit: 's',
  min: '5',
  max: '1h',
  factor: '4',
  dimensions: 'account, route account',
};

describe('the form of a new config', () => {
  test('means a number with bounds, each in whatever unit it was typed', () => {
    expect(toConfig(ttl)).toEqual({
      definition: {
        key: 'cache.ttl',
        kind: 'config',
        value: 60,
        owner: 'Platform',
        config: {
          schema: { type: 'integer', minimum: 5, maximum: 3600 },
          unit: 's',
          maxChangeFactor: 4,
          dimensions: ['account', 'route'],
        },
      },
    });
  });

  test('means no bounds where none were typed, and none of a text', () => {
    const open = toConfig({ ...ttl, min: '', max: '', factor: '', unit: '', value: '3', dimensions: '' });
    expect(open).toMatchObject({ definition: { value: 3, config: { schema: { type: 'integer' }, dimensions: [] } } });
    const text = toConfig({ ...ttl, type: 'string', value: 'info' });
    expect(text).toMatchObject({ definition: { value: 'info', config: { schema: { type: 'string' } } } });
    expect(JSON.stringify(text)).not.toContain('unit');
  });

  test('means false as well as true, and an object as JSON', () => {
    expect(toConfig({ ...ttl, type: 'boolean', value: 'false' })).toMatchObject({ definition: { value: false } });
    expect(toConfig({ ...ttl, type: 'json', value: '{"soft": 1}' })).toMatchObject({
      definition: { value: { soft: 1 }, config: { schema: { type: 'object' } } },
    });
  });

  test('says field by field what is wrong', () => {
    const wrong = toConfig({ ...ttl, key: ' ', value: 'soon', min: '5 MiB', factor: '1' });
    expect(wrong).toEqual({
      faults: {
        key: 'it has no key yet',
        value: 'expected a number, with or without one of the units ms, s, min, h, got "soon"',
        min: 'expected a number, with or without one of the units ms, s, min, h, got "5 MiB"',
        factor: 'expected more than 1, got 1',
      },
    });
    expect(toConfig({ ...ttl, value: '' })).toEqual({ faults: { value: 'it begins with a value' } });
    expect(toConfig({ ...ttl, type: 'json', value: '{' })).toMatchObject({
      faults: { value: expect.stringMatching(/^expected JSON/) },
    });
  });
});

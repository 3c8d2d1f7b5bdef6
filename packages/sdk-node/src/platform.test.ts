import { describe, expect, test } from 'vitest';
import { nodePlatform } from './platform.ts';

describe('regular expressions', () => {
  test('search, as LaunchDarkly does', () => {
    const matches = nodePlatform.regex('l+o');
    expect([matches?.('hello'), matches?.('lo'), matches?.('help')]).toEqual([true, true, false]);
  });

  test('that are none are undefined', () => {
    expect(nodePlatform.regex('(')).toBeUndefined();
    expect(nodePlatform.regex('(?<=a)b')).toBeUndefined();
  });

  test('take linear time, whatever they say', () => {
    const matches = nodePlatform.regex('^(a+)+$');
    // By backtracking this would take longer than the universe has existed.
    expect(matches?.(`${'a'.repeat(10_000)}b`)).toBe(false);
  });
});

test('hashes are those of others', () => {
  const { hash } = nodePlatform;
  expect(hash.sha256Base64('user-key')).toBe('CEXjZY7cHJG/ydFy7q4+YEFwVrG3/pkJwA4FAjrbfx0=');
  expect(hash.hmacSha256Hex('sdk-01234567-89ab-cdef-0123-456789abcdef', 'user-key-123')).toBe(
    '73df666a13f2c474e50aa34ca5a761e89abb737fb139ff65fdde7fa85c9dcacd',
  );
  const sha256 = hash.createSha256();
  sha256.update('user');
  sha256.update(Buffer.from('-key'));
  expect(Buffer.from(sha256.hex(), 'hex').toString('base64')).toBe(hash.sha256Base64('user-key'));
});

test('bytes of a part of a buffer are read as that part', () => {
  expect(nodePlatform.decodeUtf8(Buffer.from('abé😀cd').subarray(2, 8))).toBe('é😀');
});

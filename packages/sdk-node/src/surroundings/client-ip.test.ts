import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClientIpFinder, type TrustProxy } from './client-ip.ts';

describe('whom proxies are believed about', () => {
  test.each<[unknown, string]>([
    [-1, 'trustProxy must be a number of proxies, got -1'],
    [1.5, 'trustProxy must be a number of proxies, got 1.5'],
    [Number.NaN, 'trustProxy must be a number of proxies, got NaN'],
    [
      ['10.0.0.0/8', 'loopback'],
      'trustProxy[1] must be an address or a block of addresses, such as "10.0.0.0/8", got "loopback"',
    ],
    ...[true, 'loopback', null, {}].map((given): [unknown, string] => [
      given,
      'trustProxy must be how many proxies there are, or a list of their addresses, such as 1 or ["10.0.0.0/8"], ' +
        `got ${given !== null && typeof given === 'object' ? 'an object' : JSON.stringify(given)}`,
    ]),
    [[7], 'trustProxy[0] must be an address or a block of addresses, such as "10.0.0.0/8", got 7'],
    [
      ['10.0.0.0/33'],
      'trustProxy[0] must be an address or a block of addresses, such as "10.0.0.0/8", got "10.0.0.0/33"',
    ],
  ])('must be possible: %j', (trustProxy, message) => {
    expect(() => createClientIpFinder(trustProxy as TrustProxy)).toThrow(
      expect.objectContaining({ name: 'SluiceError', code: 'invalid-options', message }),
    );
  });

  test.each([
    [undefined, undefined, undefined],
    ['not an address', '192.0.2.1', undefined],
    ['::ffff:127.0.0.1', undefined, '127.0.0.1'],
    ['fe80::1%eth0', undefined, 'fe80::1'],
    ['127.0.0.1', ['198.51.100.7', '192.0.2.1'], '198.51.100.7'],
    ['127.0.0.1', '198.51.100.9, 198.51.100.7, 192.0.2.1', '198.51.100.7'],
    ['127.0.0.1', '192.0.2.1', '192.0.2.1'],
  ])('of the connection from %s that forwards for %s it is %s, with two proxies', (socket, forwarded, ip) => {
    expect(createClientIpFinder(2)(socket, forwarded)).toBe(ip);
  });

  test('is never what stands before whom the last proxy of ours saw', () => {
    const address = fc.ipV4();
    fc.assert(
      fc.property(fc.array(fc.oneof(address, fc.string()), { maxLength: 5 }), address, (claimed, seen) => {
        const find = createClientIpFinder(1);
        expect(find('127.0.0.1', [...claimed, seen].join(','))).toBe(seen);
        expect(createClientIpFinder()('127.0.0.1', [...claimed, seen].join(','))).toBe('127.0.0.1');
      }),
    );
  });
});

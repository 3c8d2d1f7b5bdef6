import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { describeForeign } from './foreign.ts';

/** What a request with these headers says. */
function describeRequest(headers: IncomingMessage['headers'], via = 'stream') {
  // Only the headers are looked at.
  return describeForeign({ headers } as IncomingMessage, via, () => 'made-up');
}

describe('an SDK that is not ours', () => {
  test('is known by the id that it sends, and by its name and version', () => {
    expect(
      describeRequest({
        'user-agent': 'NodeJSClient/9.13.7',
        'x-launchdarkly-instance-id': 'd4f0a3b2',
        'x-launchdarkly-tags': 'application-id/shop application-version/1.4.1',
      }),
    ).toEqual({
      isForeign: true,
      key: 'd4f0a3b2',
      session: 'd4f0a3b2',
      connection: 0,
      sdk: 'NodeJSClient/9.13.7',
      via: 'stream',
      about: { service: 'shop', version: '1.4.1' },
      running: {},
    });
  });

  test.each([undefined, ''])('that sends %j as its id gets one', (id) => {
    const headers = { 'user-agent': 'GoClient/7', ...(id !== undefined && { 'x-launchdarkly-instance-id': id }) };
    expect(describeRequest(headers)).toMatchObject({ key: 'made-up', session: 'made-up' });
  });

  test('may say nothing of itself', () => {
    expect(describeRequest({}, 'poll')).toMatchObject({ sdk: 'unknown', key: 'made-up', via: 'poll', about: {} });
  });

  test('is not asked for an id that it does not need', () => {
    const request = { headers: { 'x-launchdarkly-instance-id': 'x' } } as unknown as IncomingMessage;
    const fallback = (): string => expect.unreachable('an id was made up');
    expect(describeForeign(request, 'stream', fallback)).toMatchObject({ key: 'x' });
  });

  test('may not fill the memory with what it says', () => {
    const long = 'x'.repeat(100_000);
    const arrival = describeRequest({
      'user-agent': long,
      'x-launchdarkly-instance-id': long,
      'x-launchdarkly-tags': `application-id/${long}`,
    });
    expect(arrival?.sdk).toHaveLength(256);
    expect(arrival?.key).toHaveLength(256);
    expect(arrival?.session).toBe(arrival?.key);
    expect(arrival?.about).toEqual({});
  });
});

test.each(['SluiceNode/0.1.0', 'Sluice/1', 'SluiceWeb/2.0.0 (something)'])(
  '%s is ours, and says more itself',
  (agent) => {
    expect(describeRequest({ 'user-agent': agent })).toBeUndefined();
  },
);

test.each(['sluicenode/1', 'NotSluice/1', 'Sluice', 'Sluice Node/1', 'curl/8 SluiceNode/1', ''])(
  '"%s" is not ours',
  (agent) => {
    expect(describeRequest({ 'user-agent': agent })).toMatchObject({ isForeign: true, sdk: agent });
  },
);

describe('tags', () => {
  test.each<[string | undefined, object]>([
    [undefined, {}],
    ['', {}],
    ['application-id/shop', { service: 'shop' }],
    ['application-name/Shop', { service: 'Shop' }],
    ['application-version/1.4.1-rc_2', { version: '1.4.1-rc_2' }],
    ['application-version-name/x application-id/shop', { service: 'shop' }],
    ['application-id/a application-id/b', { service: 'b' }],
    ['application-id/', {}],
    ['application-id/a/b', {}],
    ['application-id/ключ', {}],
    ['application-__proto__/x', {}],
    ['  application-id/shop   x/y ', { service: 'shop' }],
    [`application-id/${'x'.repeat(64)}`, { service: 'x'.repeat(64) }],
    [`application-id/${'x'.repeat(65)}`, {}],
    [`${' '.repeat(2000)}application-id/shop`, {}],
  ])('%j say %j', (header, about) => {
    const tags = header === undefined ? {} : { 'x-launchdarkly-tags': header };
    expect(describeRequest(tags)?.about).toEqual(about);
  });

  test('may come in several headers', () => {
    const headers = { 'x-launchdarkly-tags': ['application-id/shop', 'application-version/2'] };
    // Node joins headers that come twice, except for a few: so either is read.
    expect(describeRequest(headers as unknown as IncomingMessage['headers'])?.about).toEqual({
      service: 'shop',
      version: '2',
    });
  });
});

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arrivals, createFakeLog, flagOf } from '@sluice/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import { createClient, type Options } from './create-client.ts';
import { SluiceError } from './errors.ts';
import { findInstanceKey } from './platform.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-client-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ann = { kind: 'user', key: 'ann' };

describe('options that cannot be right', () => {
  const right = { url: 'http://127.0.0.1:1', sdkKey: 'sdk-key' };
  const wrong: readonly (readonly [string, Options, RegExp])[] = [
    ['nothing', {}, /sdkKey is missing/],
    ['no key', { url: right.url }, /sdkKey is missing/],
    ['none', undefined as never, /options must be an object with url and sdkKey, .* got undefined/],
    ['a text', 'sdk-key' as never, /options must be an object with url and sdkKey, .* got "sdk-key"/],
    [
      'an instance that is only a name',
      { ...right, instance: 'web-1' as never },
      /instance must be an object, such as \{ key: "web-1" \}, got "web-1"/,
    ],
    ['no instance', { ...right, instance: null as never }, /instance must be an object, .* got null/],
    ['an empty key', { ...right, sdkKey: '' }, /sdkKey is missing/],
    ['a key with a line break at its end', { ...right, sdkKey: 'sdk-key\n' }, /sdkKey must be made of characters/],
    ['a wrapper that no header may carry', { ...right, wrapper: { name: 'ключ' } }, /wrapper must be made of/],
    ['no address', { sdkKey: 'sdk-key' }, /url is missing/],
    ['an address without protocol', { ...right, url: '127.0.0.1:7400' }, /url must be an http or https address/],
    ['an address of another protocol', { ...right, url: 'ftp://server' }, /url must be an http or https address/],
    ['an address of a part of a page', { ...right, url: 'http://server/#top' }, /url must be .* without \? and #/],
    ['an address with a query', { ...right, url: 'http://server/?a=b' }, /url must be .* without \? and #/],
    ['a wrong address for streams', { ...right, streamUrl: 'nowhere' }, /streamUrl must be/],
    ['a wrong address for polls', { ...right, pollUrl: 'nowhere' }, /pollUrl must be/],
    ['a wrong address for events', { ...right, eventsUrl: 'nowhere' }, /eventsUrl must be/],
    ['no time between polls', { ...right, pollPeriodMs: 0 }, /pollPeriodMs must be milliseconds above 0/],
    [
      'a time between polls that is no number',
      { ...right, pollPeriodMs: Number.NaN },
      /pollPeriodMs must be .*, got NaN/,
    ],
    [
      'a time between polls that no timer can wait',
      { ...right, pollPeriodMs: 1e12 },
      /pollPeriodMs must be .* at most/,
    ],
  ];

  test.each(wrong)('are refused: %s', (_, options, message) => {
    try {
      void createClient(typeof options === 'object' ? { cacheFolder: false, ...options } : options).close();
      expect.unreachable('the options were accepted');
    } catch (error) {
      expect(error).toBeInstanceOf(SluiceError);
      expect(error).toMatchObject({ code: 'invalid-options', message: expect.stringMatching(message) });
    }
  });

  test('are not repeated where they are secret', () => {
    expect(() => createClient({ ...right, sdkKey: 'sdk-secret\n' })).toThrow(expect.not.stringContaining('secret'));
  });
});

/** A server of the second protocol with one stream, which the test may end. */
async function startServer(flag: ReturnType<typeof flagOf>) {
  const streams = new Arrivals<{ readonly basis: string | null; readonly response: ServerResponse }>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://server');
    if (url.pathname !== '/sdk/stream') {
      response.writeHead(202).end();
      return;
    }
    const events = [
      ['server-intent', { payloads: [{ intentCode: 'xfer-full' }] }],
      ['put-object', { version: flag.version, kind: 'flag', key: flag.key, object: flag }],
      ['payload-transferred', { state: 'e:1', version: 1 }],
    ];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join(''));
    streams.add({ basis: url.searchParams.get('basis'), response });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    streams,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a client of a server', () => {
  test('serves after a restart what it had, while the server is away', async () => {
    const server = await startServer(flagOf('flag'));
    const options = { url: server.url, sdkKey: 'sdk-key', cacheFolder: join(folder, 'restart'), log: createFakeLog() };
    const before = createClient(options);
    expect(await before.ready()).toBe(true);
    expect(before.enabled('flag', ann)).toBe(true);
    await before.close();
    expect((await server.streams.next()).basis).toBeNull();
    await server.close();

    const after = createClient(options);
    const { promise: loaded, resolve } = Promise.withResolvers<void>();
    after.onStatus(({ origin }) => {
      if (origin === 'disk') resolve();
    });
    await loaded;
    expect(after.enabled('flag', ann)).toBe(true);
    expect(after.status).toMatchObject({ state: 'interrupted', selector: 'e:1' });
    await after.close();
  });

  test('resumes from what it had', async () => {
    const server = await startServer(flagOf('flag'));
    const options = { url: server.url, sdkKey: 'sdk-key', cacheFolder: join(folder, 'resume'), log: createFakeLog() };
    const before = createClient(options);
    await before.ready();
    await before.close();
    const after = createClient(options);
    await after.ready();
    await after.close();
    expect([(await server.streams.next()).basis, (await server.streams.next()).basis]).toEqual([null, 'e:1']);
    await server.close();
  });

  test('keeps payloads of different keys apart, and none when it is told so', async () => {
    const server = await startServer(flagOf('flag'));
    const cacheFolder = join(folder, 'apart');
    for (const sdkKey of ['sdk-one', 'sdk-two', 'sdk-one']) {
      const client = createClient({ url: server.url, sdkKey, cacheFolder, log: createFakeLog() });
      await client.ready();
      await client.close();
    }
    expect(readdirSync(cacheFolder)).toHaveLength(2);
    const without = createClient({ url: server.url, sdkKey: 'sdk-three', cacheFolder: false, log: createFakeLog() });
    await without.ready();
    await without.close();
    expect(readdirSync(cacheFolder)).toHaveLength(2);
    await server.close();
  });
});

describe('a client of a file', () => {
  test('serves the flags of the file', async () => {
    const file = join(folder, 'flags.json');
    writeFileSync(file, JSON.stringify({ flagValues: { banner: 'hello' } }));
    const client = createClient({ file });
    expect(await client.ready()).toBe(true);
    expect(client.status).toMatchObject({ state: 'live', origin: 'file' });
    expect(client.value('banner', ann, '')).toBe('hello');
    await client.close();
  });
});

describe('the instance', () => {
  const testFlag = (attribute: string, value: unknown) => ({
    ...flagOf('flag', {
      rules: [{ clauses: [{ contextKind: 'instance', attribute, op: 'in', values: [value] }], variation: 0 }],
      fallthrough: { variation: 1 },
    }),
  });

  test('is a context that rules can ask for', async () => {
    const file = join(folder, 'instance.json');
    writeFileSync(file, JSON.stringify({ flags: { flag: testFlag('region', 'eu-1') } }));
    const [here, elsewhere] = ['eu-1', 'us-1'].map((region) => createClient({ file, instance: { region } }));
    await Promise.all([here?.ready(), elsewhere?.ready()]);
    expect([here?.enabled('flag', ann), elsewhere?.enabled('flag', ann)]).toEqual([true, false]);
    await Promise.all([here?.close(), elsewhere?.close()]);
  });

  test('that is given no name, or an empty one, has the name of its host', async () => {
    const file = join(folder, 'named.json');
    writeFileSync(file, JSON.stringify({ flags: { flag: testFlag('key', findInstanceKey()) } }));
    for (const instance of [{}, { key: '' }, { key: 'web-1' }]) {
      const client = createClient({ file, instance });
      await client.ready();
      expect([instance, client.enabled('flag', ann)]).toEqual([instance, instance.key !== 'web-1']);
      await client.close();
    }
  });
});

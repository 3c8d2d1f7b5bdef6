import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as openRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flagOf, startTestServer } from '@sluice/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../src/create-client.ts';
import type { NodeClient } from '../src/node-client.ts';
import { openExpress, openFastify, openHono, openHttp, type See, type Shop } from './shops.ts';

/** Of each attribute the values that are told apart; all else is `other`, and what is not there `none`. */
const told: Readonly<Record<string, readonly [kind: string, attribute: string, values: readonly string[]]>> = {
  route: [
    'request',
    'route',
    [
      '/',
      '/items/:id',
      '/items',
      '/api/v1/orders/:order',
      '/tenants/:tenant/users/:user',
      '/wander/:account',
      '/stream',
      '/hang',
      '/later',
      '/throws',
      '/rejects',
      'job:nightly',
      'consumer:orders',
    ],
  ],
  method: ['request', 'method', ['GET', 'POST', 'JOB', 'MESSAGE']],
  ip: ['request', 'ip', ['127.0.0.1', '192.0.2.1', '192.0.2.2', '198.51.100.7', '2001:db8::1']],
  account: ['account', 'key', Array.from({ length: 100 }, (_, at) => String(at))],
  user: ['user', 'key', ['ann', 'bob']],
  region: ['instance', 'region', ['eu-1', 'us-1']],
};

const warnings: string[] = [];
let folder: string;
let sluice: NodeClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-frameworks-'));
  const flags = Object.entries(told).map(([key, [contextKind, attribute, values]]) =>
    flagOf(key, {
      variations: ['other', ...values],
      rules: values.map((value, at) => ({
        id: `rule-${at}`,
        clauses: [{ contextKind, attribute, op: 'in', values: [value] }],
        variation: at + 1,
      })),
      fallthrough: { variation: 0 },
    }),
  );
  // By the request's key: whether requests are told apart at all.
  const half = flagOf('half', {
    variations: ['a', 'b'],
    fallthrough: {
      rollout: {
        contextKind: 'request',
        variations: [
          { variation: 0, weight: 50_000 },
          { variation: 1, weight: 50_000 },
        ],
      },
    },
  });
  const file = join(folder, 'flags.json');
  writeFileSync(file, JSON.stringify({ flags: Object.fromEntries([...flags, half].map((flag) => [flag.key, flag])) }));
  const log = { debug: () => undefined, info: () => undefined, warn: (text: string) => void warnings.push(text) };
  sluice = createClient({ file, instance: { region: 'eu-1' }, log: { ...log, error: log.warn } });
  await sluice.ready();
});

afterAll(async () => {
  await sluice.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  warnings.length = 0;
});

const see: See = () =>
  Object.fromEntries([...Object.keys(told), 'half'].map((key) => [key, sluice.value(key, undefined, 'none')]));

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read into answers, and fail where it is not as they expect.
  readonly body: any;
}

describe.each([
  ['Express 5', openExpress],
  ['Fastify 5', openFastify],
  ['Hono 4', openHono],
  ["Node's own server", openHttp],
] as const)('%s', (_, open) => {
  const seenLate: unknown[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  let shops: Readonly<Record<'plain' | 'one' | 'blocks', Shop>>;

  beforeAll(async () => {
    const parts = { sluice, see, seenLate };
    shops = {
      plain: await open(parts, {}),
      one: await open(parts, { trustProxy: 1 }),
      blocks: await open(parts, { trustProxy: ['127.0.0.0/8', '192.0.2.0/24'] }),
    };
  });

  afterAll(async () => {
    agent.destroy();
    for (const shop of Object.values(shops)) await shop.close();
  });

  beforeEach(() => {
    seenLate.length = 0;
  });

  interface Asking {
    readonly headers?: Readonly<Record<string, string | string[]>>;
    readonly body?: object;
    readonly shop?: Shop;
  }

  function ask(path: string, { headers = {}, body, shop = shops.plain }: Asking = {}): Promise<Answer> {
    const { hostname, port } = new URL(shop.url);
    return new Promise((resolve, reject) => {
      const options = {
        hostname,
        port,
        path,
        agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      };
      const request = openRequest(options, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
      });
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  const parse = (text: string): unknown => (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text);

  describe('the route', () => {
    test.each([
      ['/', '/'],
      ['/items/1', '/items/:id'],
      ['/items/a%2Fb?x=1', '/items/:id'],
      ['/api/v1/orders/7', '/api/v1/orders/:order'],
      ['/tenants/acme/users/ann', '/tenants/:tenant/users/:user'],
      ['/tenants/a%20b/users/a%20b', '/tenants/:tenant/users/:user'],
    ])('of %s is its template, %s', async (path, route) => {
      expect((await ask(path)).body).toMatchObject({ route, method: 'GET' });
    });

    test('of what no route matches is none', async () => {
      expect(await ask('/nowhere/1')).toMatchObject({ status: 404, body: { route: 'other', method: 'GET' } });
    });

    test('is known after the body was read', async () => {
      const body = { text: 'x'.repeat(70_000) };
      const answer = await ask('/items', { body, headers: { 'x-account': '7' } });
      expect(answer).toMatchObject({ status: 200, body: { route: '/items', method: 'POST', account: '7', body } });
    });

    test.each(['/throws', '/rejects'])('is known to whoever handles the error of %s', async (path) => {
      const answer = await ask(path, { headers: { 'x-account': '7' } });
      expect(answer).toMatchObject({ status: 500, body: { route: path, account: '7' } });
      expect(await ask('/items/1')).toMatchObject({ status: 200, body: { route: '/items/:id', account: 'other' } });
    });

    test('is known while a stream is written', async () => {
      const { body } = await ask('/stream', { headers: { 'x-account': '7' } });
      const lines = body.trimEnd().split('\n');
      expect(lines.map((line: string) => line[0]).join('')).toBe('abc');
      for (const line of lines)
        expect(JSON.parse(line.slice(2))).toMatchObject({ route: '/stream', account: '7', method: 'GET' });
    });
  });

  describe('whom a request is for', () => {
    test('is nobody until somebody says so', async () => {
      expect((await ask('/')).body).toMatchObject({ account: 'other', user: 'other', region: 'eu-1' });
    });

    test('is known once it was said', async () => {
      expect((await ask('/', { headers: { 'x-account': '42' } })).body).toMatchObject({ account: '42', user: 'other' });
    });

    test('may be several, said one after the other', async () => {
      const headers = { 'x-account': '42', 'x-user': 'ann' };
      expect((await ask('/', { headers })).body).toMatchObject({ account: '42', user: 'ann', route: '/' });
    });

    test('is said anew, and seen by all that goes on', async () => {
      const { body } = await ask('/wander/9', { headers: { 'x-account': '8' } });
      expect(body.map(({ account }: { account: string }) => account)).toEqual(['8', '8', '9', '9', '9', '9']);
      for (const seen of body) expect(seen).toMatchObject({ route: '/wander/:account' });
    });

    test('stays unsaid where what is said cannot be', async () => {
      expect((await ask('/', { headers: { 'x-account': '' } })).body).toMatchObject({ account: 'other' });
      expect(warnings).toEqual(['enrich: a context needs a key (a string, not empty), got an empty string']);
    });
  });

  describe('a client that goes away', () => {
    test('leaves what is done about it within its request', async () => {
      const { hostname, port } = new URL(shops.plain.url);
      const request = openRequest({ hostname, port, path: '/hang', headers: { 'x-account': '7' } });
      request.on('error', () => undefined);
      request.end();
      await once(request, 'response');
      request.destroy();
      await expect.poll(() => seenLate.length).toBe(1);
      expect(seenLate).toMatchObject([{ route: '/hang', account: '7' }]);
      expect((await ask('/')).body).toMatchObject({ route: '/', account: 'other' });
    });

    test('after its answer leaves what is still done within its request', async () => {
      expect((await ask('/later', { headers: { 'x-account': '7' } })).body).toMatchObject({ route: '/later' });
      await expect.poll(() => seenLate.length).toBe(1);
      expect(seenLate).toMatchObject([{ route: '/later', account: '7' }]);
    });
  });

  test('requests are counted when they end, by route, outcome and whom they were for', async () => {
    const server = await startTestServer();
    onTestFinished(() => server.close());
    const { url, sdkKey } = server;
    const counting = createClient({ url, sdkKey, cacheFolder: false });
    onTestFinished(() => counting.close());
    await counting.ready();
    const shop = await open({ sluice: counting, see, seenLate }, {});
    onTestFinished(() => shop.close());
    for (const path of ['/items/1', '/items/2', '/nowhere', '/throws', '/rejects', '/stream'])
      await ask(path, { shop, headers: { 'x-account': '7' } });
    await ask('/items', { shop, body: {} });
    const abandoned = openRequest(`${shop.url}/hang`).on('error', () => undefined);
    abandoned.end();
    await once(abandoned, 'finish');
    let items: readonly { readonly route: string; readonly count: number; readonly failed: number }[] = [];
    await expect
      .poll(
        async () => {
          abandoned.destroy();
          await counting.flush();
          const path = '/projects/default/environments/production/routes/telemetry';
          ({ items } = (await server.api('GET', path)).body);
          return items.reduce((sum, { count }) => sum + count, 0);
        },
        { timeout: 15_000 },
      )
      .toBe(8);
    const counts = items.map(({ route, count, failed }) => [route, count, failed]);
    expect(counts.toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1))).toEqual([
      ['/hang', 1, 0],
      ['/items', 1, 0],
      ['/items/:id', 2, 0],
      ['/rejects', 1, 1],
      ['/stream', 1, 0],
      ['/throws', 1, 1],
      ['unmatched', 1, 0],
    ]);
    expect(items.find(({ route }) => route === '/items/:id')).toMatchObject({
      methods: [{ method: 'GET', count: 2 }],
      arms: [{ arm: 'treated', count: 2, failed: 0 }],
      accounts: [{ account: '7', count: 2, overcountAtMost: 0 }],
    });
  });

  test('requests have keys of their own, so that a share of them can be chosen', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask('/')));
    const share = answers.filter(({ body }) => body.half === 'a').length / 200;
    expect(share).toBeGreaterThan(0.3);
    expect(share).toBeLessThan(0.7);
  });

  test('10,000 requests at once never see each other', async () => {
    let next = 0;
    const wrong: unknown[] = [];
    async function askInTurn(): Promise<void> {
      while (next < 10_000) {
        const number = next++;
        const [account, other] = [String(number % 100), String((number * 7 + 1) % 100)];
        const { body } = await ask(`/wander/${other}`, { headers: { 'x-account': account, 'x-user': 'ann' } });
        const seen = body.map((each: Record<string, string>) => `${each.route} ${each.account} ${each.user}`);
        const expected = [account, account, other, other, other, other].map((key) => `/wander/:account ${key} ann`);
        if (seen.join() !== expected.join()) wrong.push({ number, seen });
      }
    }
    await Promise.all(Array.from({ length: 200 }, askInTurn));
    expect(wrong).toEqual([]);
  }, 120_000);

  describe('the address', () => {
    const forwarded = (value: string | string[]) => ({ headers: { 'x-forwarded-for': value } });

    test('is that of the connection', async () => {
      expect((await ask('/')).body.ip).toBe('127.0.0.1');
    });

    test('is not what anybody claims', async () => {
      expect((await ask('/', forwarded('192.0.2.1'))).body.ip).toBe('127.0.0.1');
    });

    test.each<[string, 'one' | 'blocks', string | string[]]>([
      ['192.0.2.1', 'one', '192.0.2.1'],
      // The client wrote the first; the proxy added whom it saw.
      ['192.0.2.2', 'one', '198.51.100.7, 192.0.2.2'],
      ['192.0.2.2', 'one', '198.51.100.7,not an address,192.0.2.2'],
      ['192.0.2.1', 'one', '192.0.2.1:4711'],
      ['2001:db8::1', 'one', '[2001:db8::1]:4711'],
      ['192.0.2.1', 'one', '::ffff:192.0.2.1'],
      ['127.0.0.1', 'one', 'unknown'],
      ['127.0.0.1', 'one', ''],
      ['198.51.100.7', 'blocks', '198.51.100.7'],
      ['198.51.100.7', 'blocks', '203.0.113.9, 198.51.100.7, 192.0.2.2'],
      ['192.0.2.1', 'blocks', 'garbage, 192.0.2.1'],
    ])('is %s behind proxies trusted as %s that forward for "%s"', async (ip, shop, value) => {
      expect((await ask('/', { ...forwarded(value), shop: shops[shop] })).body.ip).toBe(ip);
    });
  });
});

describe('what is given', () => {
  test('is asked before the surroundings, kind by kind', () => {
    sluice.job('nightly', () => {
      sluice.enrich({ account: { key: '1' }, user: { key: 'ann' } });
      expect(see()).toMatchObject({ account: '1', user: 'ann', route: 'job:nightly', region: 'eu-1' });
      const bob = { kind: 'user', key: 'bob' };
      expect(sluice.value('user', bob, 'none')).toBe('bob');
      expect(sluice.value('account', bob, 'none')).toBe('1');
      expect(sluice.value('route', bob, 'none')).toBe('job:nightly');
      expect(sluice.value('region', { kind: 'instance', key: 'i', region: 'us-1' }, 'none')).toBe('us-1');
    });
  });
});

describe('work that no request asked for', () => {
  test('is a job, with what it gives back', async () => {
    expect(sluice.job('nightly', () => see())).toMatchObject({ route: 'job:nightly', method: 'JOB', ip: 'other' });
    const later = sluice.job('nightly', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return see();
    });
    expect(await later).toMatchObject({ route: 'job:nightly' });
    expect(() =>
      sluice.job('nightly', () => {
        throw new Error('thrown');
      }),
    ).toThrow('thrown');
    expect(see()).toMatchObject({ route: 'other' });
  });

  test('is a message, each by itself', async () => {
    const take = sluice.consumer('orders', async (account: string, times: number) => {
      for (let time = 0; time < times; time++) {
        sluice.enrich({ account: { key: account } });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return see();
    });
    const seen = await Promise.all(['1', '2', '3'].map((account) => take(account, 3)));
    expect(seen.map(({ account }) => account)).toEqual(['1', '2', '3']);
    expect(seen[0]).toMatchObject({ route: 'consumer:orders', method: 'MESSAGE' });
  });

  test('within other work is about itself, and for whom that is, unless it says otherwise', () => {
    sluice.consumer('orders', () => {
      expect(sluice.job('nightly', see)).toMatchObject({ route: 'job:nightly', account: 'other' });
      sluice.enrich({ account: { key: '1' }, user: { key: 'ann' } });
      sluice.job('nightly', () => {
        expect(see()).toMatchObject({ route: 'job:nightly', account: '1', user: 'ann' });
        sluice.enrich({ account: { key: '2' } });
        expect(see()).toMatchObject({ route: 'job:nightly', account: '2', user: 'ann' });
      });
      expect(see()).toMatchObject({ route: 'consumer:orders', account: '1' });
    })();
  });

  test('that takes a message is for nobody yet, whatever was around whoever began to listen', () => {
    sluice.job('nightly', () => {
      sluice.enrich({ account: { key: '1' } });
      expect(sluice.consumer('orders', see)()).toMatchObject({ route: 'consumer:orders', account: 'other' });
    });
  });
});

describe('whoever is enriched', () => {
  test('must have something around it', () => {
    sluice.enrich({ account: { key: '1' } });
    expect(warnings).toEqual(['enrich: there is no request, job or message around this call']);
    expect(see()).toMatchObject({ account: 'other' });
  });

  test.each([
    [{ request: { key: 'x', route: '/free' } }, 'request is not a kind of whom work is done for'],
    [{ instance: { key: 'x' } }, 'instance is not a kind of whom work is done for'],
    [{ 'no kind': { key: 'x' } }, 'a context kind is made of letters'],
    [{ account: { key: 42 as never } }, 'a context needs a key (a string, not empty), got a number'],
    [undefined as never, 'whom work is done for must be an object, such as { account: { key: "42" } }, got undefined'],
    [null as never, 'whom work is done for must be an object, such as { account: { key: "42" } }, got null'],
    ['42' as never, 'whom work is done for must be an object, such as { account: { key: "42" } }, got "42"'],
    [{ account: undefined as never }, 'the attributes of a context must be an object, got undefined'],
  ])('must be somebody: %j', (people, problem) => {
    sluice.job('nightly', () => {
      sluice.enrich({ account: { key: '1' } });
      sluice.enrich(people);
      expect(see()).toMatchObject({ account: '1', route: 'job:nightly' });
    });
    expect(warnings).toEqual([expect.stringContaining(problem)]);
  });
});

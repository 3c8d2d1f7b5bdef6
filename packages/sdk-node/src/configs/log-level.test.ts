import { EventEmitter } from 'node:events';
import { createFakeLog } from '@sluice/testkit';
import fastify from 'fastify';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createClient } from '../create-client.ts';
import type { NodeRequest } from '../surroundings/adapters.ts';
import { TestData } from '../test-data.ts';

/** A level for everybody, and others for account 42, route `/search` and whoever has a plan. */
function levelOf(everybody: string, { account42 = everybody, search = everybody, gold = everybody } = {}) {
  const rule = (contextKind: string, attribute: string, value: string, variation: number) => ({
    clauses: [{ contextKind, attribute, op: 'in', values: [value] }],
    variation,
  });
  return {
    key: 'log.level',
    on: true,
    variations: [everybody, account42, search, gold],
    fallthrough: { variation: 0 },
    rules: [
      rule('account', 'key', '42', 1),
      rule('request', 'route', '/search', 2),
      rule('account', 'plan', 'gold', 3),
    ],
  };
}

async function create(flag?: ReturnType<typeof levelOf>) {
  const testData = new TestData();
  if (flag !== undefined) testData.setFlag(flag);
  const client = createClient({ testData, log: createFakeLog() });
  await client.ready({ timeoutMs: 0 });
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  return { testData, client, logger, take: () => lines.splice(0) };
}

/** As Node hands it to a handler, and as Express does once a route has matched. */
function createRequest(): EventEmitter & NodeRequest & { baseUrl: string; route?: { path: string } } {
  return Object.assign(Object.assign(new EventEmitter(), { statusCode: 200 }), {
    method: 'GET',
    headers: {},
    socket: {},
    baseUrl: '',
  });
}

/** Writes a line of each of these levels. */
function write(logger: { debug(line: string): void; info(line: string): void; warn(line: string): void }): void {
  logger.debug('debug');
  logger.info('info');
  logger.warn('warn');
}

describe('the level of pino', () => {
  test('follows the config for the whole process', async () => {
    const { testData, client, logger, take } = await create();
    client.logLevel(logger);
    const child = logger.child({ part: 'search' });
    for (const [level, expected] of [
      [undefined, ['info', 'warn']],
      ['debug', ['debug', 'info', 'warn']],
      ['warn', ['warn']],
      ['silent', []],
      ['info', ['info', 'warn']],
    ] as const) {
      if (level !== undefined) testData.set('log.level', level);
      write(logger);
      expect(take()).toEqual(expected);
      write(child);
      expect(take()).toEqual(expected);
      expect(logger.level).toBe(level ?? 'info');
      expect(logger.isLevelEnabled('debug')).toBe(level === 'debug');
    }
  });

  test('is another for one account while all others keep theirs, from when the account is known', async () => {
    const { client, logger, take } = await create(levelOf('info', { account42: 'debug' }));
    client.logLevel(logger);
    const child = logger.child({ part: 'search' });
    const work = async (account: string): Promise<void> => {
      write(child);
      expect(take()).toEqual(['info', 'warn']);
      client.enrich({ account: { key: account } });
      await new Promise((resolve) => setImmediate(resolve));
      write(logger);
      write(child);
      expect(logger.isLevelEnabled('debug')).toBe(account === '42');
      expect(logger.isLevelEnabled('info')).toBe(true);
    };
    await client.job('nightly', () => work('42'));
    expect(take()).toEqual(['debug', 'info', 'warn', 'debug', 'info', 'warn']);
    await client.job('nightly', () => work('43'));
    expect(take()).toEqual(['info', 'warn', 'info', 'warn']);
    write(logger);
    expect(take()).toEqual(['info', 'warn']);
  });

  test('may be less for one account, and returns with the next payload, also within a request', async () => {
    const { testData, client, logger, take } = await create(levelOf('debug', { account42: 'warn' }));
    client.logLevel(logger);
    client.job('nightly', () => {
      client.enrich({ account: { key: '42' } });
      write(logger);
      expect(take()).toEqual(['warn']);
      testData.setFlag(levelOf('info', { account42: 'debug' }));
      write(logger);
      expect(take()).toEqual(['debug', 'info', 'warn']);
      testData.set('log.level', 'info');
      write(logger);
      expect(take()).toEqual(['info', 'warn']);
    });
  });

  test('is that of the route from when it has matched', async () => {
    const { client, logger, take } = await create(levelOf('info', { search: 'debug' }));
    client.logLevel(logger);
    const request = createRequest();
    client.express()(request, Object.assign(new EventEmitter(), { statusCode: 200 }), () => {
      write(logger);
      expect(take()).toEqual(['info', 'warn']);
      request.route = { path: '/search' };
      write(logger);
      expect(take()).toEqual(['debug', 'info', 'warn']);
    });
  });

  test('is that of the account in the logger that Fastify makes for each request', async () => {
    const { client, logger, take } = await create(levelOf('silent', { account42: 'debug' }));
    client.logLevel(logger);
    const app = fastify({ loggerInstance: logger });
    await app.register(client.fastify());
    app.addHook('preHandler', async ({ headers }) => client.enrich({ account: { key: String(headers['x-account']) } }));
    app.get('/', async ({ log, headers }) => log.debug(`for ${headers['x-account']}`));
    await Promise.all(['41', '42', '43'].map((account) => app.inject({ url: '/', headers: { 'x-account': account } })));
    await app.close();
    expect(take().filter((line) => line.startsWith('for '))).toEqual(['for 42']);
  });

  test('is looked up once for a request, a payload, and whom it is for, and not for each line', async () => {
    const { testData, client, logger } = await create(levelOf('info', { search: 'debug' }));
    client.logLevel(logger);
    let asked = 0;
    const route = (): string => {
      asked++;
      // What the application logs meanwhile has the level of the process.
      logger.debug('finding the route');
      return '/search';
    };
    const countWhile = (act: () => void): number => {
      const before = asked;
      act();
      return asked - before;
    };
    const handler = client.http(
      () => {
        const once = countWhile(() => write(logger));
        expect(once).toBeGreaterThan(0);
        expect(countWhile(() => write(logger))).toBe(0);
        client.enrich({ account: { key: '43' } });
        expect(countWhile(() => write(logger))).toBe(once);
        expect(countWhile(() => write(logger))).toBe(0);
        testData.setFlag(levelOf('info', { search: 'debug', gold: 'debug' }));
        expect(countWhile(() => write(logger))).toBe(once);
        expect(countWhile(() => write(logger))).toBe(0);
      },
      { route },
    );
    handler(createRequest(), Object.assign(new EventEmitter(), { statusCode: 200 }));
    expect.assertions(6);
  });

  test('is that of the process where the application fails to say which route it is', async () => {
    const { client, logger, take } = await create(levelOf('info', { search: 'debug' }));
    client.logLevel(logger);
    const route = (): string => {
      throw new Error('no route');
    };
    client.http(() => write(logger), { route })(
      createRequest(),
      Object.assign(new EventEmitter(), { statusCode: 200 }),
    );
    expect(take()).toEqual(['info', 'warn']);
  });

  test('of a child that has its own is left alone', async () => {
    const { client, logger, take } = await create(levelOf('error', { account42: 'trace' }));
    client.logLevel(logger);
    const own = logger.child({}, { level: 'warn' });
    for (const account of ['42', '43']) {
      client.job('nightly', () => {
        client.enrich({ account: { key: account } });
        write(own);
        expect(take()).toEqual(['warn']);
        expect([own.isLevelEnabled('info'), own.isLevelEnabled('warn')]).toEqual([false, true]);
      });
    }
  });

  test('may be one of its own, and one that it does not know is refused', async () => {
    const { testData, client } = await create();
    const lines: string[] = [];
    const logger = pino(
      { customLevels: { audit: 35 } },
      { write: (line: string) => void lines.push(JSON.parse(line).msg) },
    );
    client.logLevel(logger, { default: 'warn' });
    testData.set('log.level', 'audit');
    logger.info('info');
    logger.audit('audit');
    testData.set('log.level', 'loud');
    logger.audit('audit');
    expect(lines).toEqual(['audit', 'audit']);
    expect(client.refusals.all[0]?.reason).toContain('got "loud"');
    expect(() => client.logLevel(logger, { default: 'loud' })).toThrow('config log.level: default must be one of');
  });

  test('stays what it was for the process when following it ends', async () => {
    const { testData, client, logger, take } = await create(levelOf('warn', { account42: 'debug' }));
    const level = client.logLevel(logger);
    level.close();
    testData.set('log.level', 'debug');
    client.job('nightly', () => {
      client.enrich({ account: { key: '42' } });
      write(logger);
    });
    expect(take()).toEqual(['warn']);
    expect([logger.isLevelEnabled('info'), logger.isLevelEnabled('warn')]).toEqual([false, true]);
  });
});

describe('a console', () => {
  function createConsole() {
    const lines: string[] = [];
    const write = (name: string) => (line: unknown) => void lines.push(`${name}: ${line}`);
    const methods = { debug: write('debug'), log: write('log'), info: write('info'), warn: write('warn') };
    return { console: { ...methods, table: write('table') }, take: () => lines.splice(0) };
  }

  test('has a level, too, which is that of the process or of the account', async () => {
    const { testData, client } = await create(levelOf('warn', { account42: 'debug' }));
    const { console, take } = createConsole();
    const level = client.logLevel(console);
    write(console);
    console.log('log');
    console.table('table');
    expect(take()).toEqual(['warn: warn', 'table: table']);
    client.job('nightly', () => {
      client.enrich({ account: { key: '42' } });
      write(console);
      console.log('log');
    });
    expect(take()).toEqual(['debug: debug', 'info: info', 'warn: warn', 'log: log']);
    testData.set('log.level', 'silent');
    write(console);
    expect(take()).toEqual([]);
    level.close();
    write(console);
    expect(take()).toEqual(['debug: debug', 'info: info', 'warn: warn']);
  });

  test('fits whatever has methods of that name, such as that of Node', async () => {
    const { client } = await create();
    const { debug } = console;
    const level = client.logLevel(console, { default: 'error' });
    console.debug('is not written');
    expect(console.debug).not.toBe(debug);
    level.close();
    expect(console.debug).toBe(debug);
  });
});

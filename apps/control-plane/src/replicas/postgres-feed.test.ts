import { createClient } from '@sluice/sdk-node';
import { openTestStream, startTestServer, type TestServer, type TestStream, until } from '@sluice/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const production = '/projects/default/environments/production';
const variables = { SLUICE_SECRET: 'the-secret-of-all' };
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let replicas: readonly [TestServer, TestServer];
let closings: (() => Promise<void> | void)[];

beforeEach(async () => {
  closings = [];
  const first = await startTestServer({ variables });
  replicas = [first, await startTestServer({ variables, databaseUrl: first.databaseUrl })];
  await first.api('POST', '/projects/default/flags', { key: 'checkout' });
});

afterEach(async () => {
  for (const close of closings.toReversed()) await close();
  for (const replica of replicas.toReversed()) await replica.close();
});

async function open({ url, apiToken }: TestServer): Promise<TestStream> {
  const stream = await openTestStream(`${url}/api/v1${production}/events`, `Bearer ${apiToken}`);
  closings.push(() => stream.close());
  await stream.until('hello');
  return stream;
}

async function next(stream: TestStream, event: string): Promise<unknown> {
  return JSON.parse((await stream.until(event)).at(-1)?.data ?? '');
}

async function connect({ url, sdkKey }: TestServer, key: string): Promise<void> {
  const client = createClient({ url, sdkKey, cacheFolder: false, log: silent, instance: { key } });
  closings.push(() => client.close());
  await client.ready();
}

describe('the live feed of each of several servers', () => {
  test('tells of changes that were made at another, and how far they get at all of them', async () => {
    for (const [at, replica] of replicas.entries()) await connect(replica, `web-${at}`);
    for (const replica of replicas) {
      await until(async () => (await replica.api('GET', `${production}/fleet`)).body.live === 2);
    }
    const streams = await Promise.all(replicas.map(open));
    const { id } = await replicas[0].change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    for (const stream of streams) {
      expect(await next(stream, 'change')).toMatchObject({ id, flags: ['checkout'] });
      let told: unknown;
      do told = await next(stream, 'convergence');
      while ((told as { has: number }).has < 2);
      expect(told).toMatchObject({ changeId: id, has: 2, of: 2, refused: 0, behind: [] });
    }
  });

  test('goes on at another where it ended at one', async () => {
    const stream = await open(replicas[0]);
    const { version } = await replicas[1].change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    expect(await next(stream, 'change')).toMatchObject({ version });
    stream.close();
    const missed = await replicas[0].change({ flag: 'checkout', instructions: [{ kind: 'turn-off' }] });
    const { url, apiToken } = replicas[1];
    const headers = { 'last-event-id': String(version) };
    const again = await openTestStream(`${url}/api/v1${production}/events`, `Bearer ${apiToken}`, headers);
    closings.push(() => again.close());
    expect(await next(again, 'change')).toMatchObject({ id: missed.id });
  });
});

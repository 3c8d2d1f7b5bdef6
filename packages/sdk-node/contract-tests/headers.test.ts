import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allOf, ann, type Driver, startDriver, streamOf } from './driver.ts';
import { type Endpoint, type StandIn, startStandIn, withJson, withStatus } from './harness-stand-in.ts';

let driver: Driver;
let standIn: StandIn;

beforeAll(async () => {
  driver = await startDriver();
  standIn = await startStandIn();
});

afterAll(async () => {
  await driver.close();
  await standIn.close();
});

/** The values of a header in the requests of one client that streams, and of one that polls. */
async function collect(name: string, configuration: object): Promise<Record<string, (string | undefined)[]>> {
  const stream = standIn.serve(streamOf([]).handler);
  const poll = standIn.serve(withJson(allOf([])));
  const found: Record<string, (string | undefined)[]> = {};
  for (const [mode, source] of [
    ['streaming', stream],
    ['polling', poll],
  ] as const) {
    const sink = standIn.serve(withStatus(202));
    const client = await driver.create({
      [mode]: { baseUri: source.url },
      events: { baseUri: sink.url },
      ...configuration,
    });
    await client.command('identifyEvent', { context: ann });
    await client.command('flushEvents');
    const valueAt = async ({ requests }: Endpoint): Promise<string | undefined> =>
      (await requests.next()).headers[name]?.toString();
    found[mode] = [await valueAt(source), await valueAt(sink)];
  }
  return found;
}

describe('every request', () => {
  const longest = 'x'.repeat(64);

  test.each([
    [{ applicationId: 'shop' }, 'application-id/shop'],
    [{ applicationVersion: '1.4.1_a-b' }, 'application-version/1.4.1_a-b'],
    [{ applicationId: 'shop', applicationVersion: '1' }, 'application-id/shop application-version/1'],
    [{ applicationId: longest, applicationVersion: `${longest}x` }, `application-id/${longest}`],
    [{ applicationId: 'bad char', applicationVersion: 'ok' }, 'application-version/ok'],
    [{ applicationId: 'ok', applicationVersion: 'bad\n' }, 'application-id/ok'],
    [{ applicationId: '', applicationVersion: null }, undefined],
    [null, undefined],
  ])('carries the tags %o', async (tags, expected) => {
    const found = await collect('x-launchdarkly-tags', { tags });
    expect(found).toEqual({ streaming: [expected, expected], polling: [expected, expected] });
  });

  test.each([
    [{ name: 'library', version: '1.0.0' }, 'library/1.0.0'],
    [{ name: 'library', version: '' }, 'library'],
    [{ name: '', version: '1.0.0' }, undefined],
    [{ name: '', version: '' }, undefined],
    [null, undefined],
  ])('carries the wrapper %o', async (wrapper, expected) => {
    const found = await collect('x-launchdarkly-wrapper', { wrapper });
    expect(found).toEqual({ streaming: [expected, expected], polling: [expected, expected] });
  });

  test('carries the id of the client, which no other client has', async () => {
    const { streaming = [], polling = [] } = await collect('x-launchdarkly-instance-id', {});
    expect(streaming[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(streaming[1]).toBe(streaming[0]);
    expect(polling[1]).toBe(polling[0]);
    expect(polling[0]).not.toBe(streaming[0]);
  });

  test('goes where the service endpoints say, unless a part has its own address', async () => {
    const [stream, poll, events] = [
      standIn.serve(streamOf([]).handler),
      standIn.serve(withJson(allOf([]))),
      standIn.serve(withStatus(202)),
    ];
    const serviceEndpoints = { streaming: stream.url, polling: poll.url, events: events.url };
    const client = await driver.create({ serviceEndpoints, events: { baseUri: '' } });
    await client.command('identifyEvent', { context: ann });
    await client.command('flushEvents');
    await driver.create({ serviceEndpoints, polling: { baseUri: null } });
    const own = standIn.serve(streamOf([]).handler);
    await driver.create({ serviceEndpoints, streaming: { baseUri: own.url } });
    expect((await stream.requests.next()).path).toBe('/all');
    expect((await events.requests.next()).path).toBe('/bulk');
    expect((await poll.requests.next()).path).toBe('/sdk/latest-all');
    expect((await own.requests.next()).path).toBe('/all');
    expect([stream, poll, events].map(({ requests }) => requests.left)).toEqual([0, 0, 0]);
  });
});

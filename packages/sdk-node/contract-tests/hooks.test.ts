import { flagOf } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ann, type DrivenClient, type Driver, type Json, listenToChanges, startDriver, streamOf } from './driver.ts';
import { type Endpoint, type MockStream, type StandIn, startStandIn, withStatus } from './harness-stand-in.ts';

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

interface Hooked {
  readonly client: DrivenClient;
  /** Where the hooks call back, all at one place so that their order shows. */
  readonly calls: Endpoint;
  next(): Promise<Json>;
}

async function start(...hooks: readonly object[]): Promise<Hooked> {
  const calls = standIn.serve(withStatus(200));
  const flags = [flagOf('flag'), flagOf('text', { variations: ['a'] }), flagOf('json', { variations: [{ a: 1 }] })];
  const client = await driver.create({
    streaming: { baseUri: standIn.serve(streamOf(flags).handler).url },
    hooks: { hooks: hooks.map((hook, index) => ({ name: `hook ${index}`, callbackUri: calls.url, ...hook })) },
  });
  return { client, calls, next: async () => JSON.parse((await calls.requests.next()).body) };
}

describe('an evaluation hook', () => {
  test.each([
    ['flag', 'bool', false, true],
    ['text', 'string', 'default', 'a'],
    ['json', 'any', {}, { a: 1 }],
    ['unknown', 'int', 5, 5],
  ])('is told of the flag %s before and after it is evaluated', async (flagKey, valueType, defaultValue, value) => {
    const { client, next } = await start({});
    for (const detail of [false, true]) {
      const answer = await client.command('evaluate', { flagKey, context: ann, valueType, defaultValue, detail });
      expect(answer.value).toEqual(value);
      const evaluationSeriesContext = { flagKey, context: ann, defaultValue, method: expect.any(String) };
      expect(await next()).toEqual({ stage: 'beforeEvaluation', evaluationSeriesContext, evaluationSeriesData: {} });
      const after = await next();
      expect(after).toMatchObject({ stage: 'afterEvaluation', evaluationSeriesContext, evaluationSeriesData: {} });
      expect(after.evaluationDetail.value).toEqual(value);
      if (detail) expect(after.evaluationDetail).toEqual(answer);
    }
  });

  test('gets after the evaluation what it returned before', async () => {
    const { client, next } = await start({ data: { beforeEvaluation: { someData: 'the data' } } });
    await client.evaluate('flag');
    expect((await next()).evaluationSeriesData).toEqual({});
    expect(await next()).toMatchObject({ stage: 'afterEvaluation', evaluationSeriesData: { someData: 'the data' } });
  });

  test('is called before in the order of the hooks, and after in the opposite one', async () => {
    const { client, next } = await start(
      ...['first', 'second', 'third'].map((name) => ({ name, data: { beforeEvaluation: { name } } })),
    );
    await client.evaluate('flag');
    const stages: unknown[] = [];
    for (let call = 0; call < 6; call++) {
      const { stage, evaluationSeriesData } = await next();
      stages.push([stage, evaluationSeriesData.name]);
    }
    expect(stages).toEqual([
      ['beforeEvaluation', undefined],
      ['beforeEvaluation', undefined],
      ['beforeEvaluation', undefined],
      ['afterEvaluation', 'third'],
      ['afterEvaluation', 'second'],
      ['afterEvaluation', 'first'],
    ]);
  });

  test('that fails disturbs neither the evaluation nor its other stages nor other hooks', async () => {
    const failing = {
      data: { beforeEvaluation: { not: 'seen' } },
      errors: { beforeEvaluation: 'something is rotten' },
    };
    const { client, next, calls } = await start(failing, {}, failing);
    expect(await client.evaluate('flag')).toBe(true);
    const stages = [await next(), await next(), await next(), await next()];
    expect(stages.map(({ stage }) => stage)).toEqual([
      'beforeEvaluation',
      'afterEvaluation',
      'afterEvaluation',
      'afterEvaluation',
    ]);
    for (const { evaluationSeriesData } of stages) expect(evaluationSeriesData).toEqual({});
    expect(calls.requests.left).toBe(0);
  });
});

describe('a track hook', () => {
  test.each([
    ['nothing', {}],
    ['a measurement', { metricValue: 11111 }],
    ['data', { data: { boolData: true, stringData: 'value' } }],
    ['both', { metricValue: 0, data: false }],
  ])('is told of an event with %s', async (_, parameters) => {
    const { client, next } = await start({});
    await client.command('customEvent', { eventKey: 'event', context: ann, ...parameters });
    expect(await next()).toEqual({
      stage: 'afterTrack',
      trackSeriesContext: { key: 'event', context: ann, ...parameters },
    });
  });

  test('that fails says nothing, and others do', async () => {
    const { client, next, calls } = await start({ name: 'a', errors: { afterTrack: 'no' } }, { name: 'b' });
    await client.command('customEvent', { eventKey: 'event', context: ann });
    expect(await next()).toMatchObject({ stage: 'afterTrack' });
    expect(calls.requests.left).toBe(0);
  });
});

describe('a flag change listener', () => {
  async function startWithStream(): Promise<{ client: DrivenClient; stream: MockStream }> {
    const stream = streamOf([flagOf('flag'), flagOf('other')]);
    const client = await driver.create({ streaming: { baseUri: standIn.serve(stream.handler).url } });
    return { client, stream };
  }

  const patch = (key: string, version: number) => ({
    event: 'patch',
    data: { path: `/flags/${key}`, data: flagOf(key, { version }) },
  });

  test('is told of its flag, whether its value changes or not, and of no other', async () => {
    const { client, stream } = await startWithStream();
    const callback = standIn.serve(withStatus(200));
    await client.command('registerFlagChangeListener', {
      listenerId: 'listener-1',
      flagKey: 'flag',
      callbackUri: callback.url,
    });
    stream.send(patch('other', 2), patch('flag', 2));
    expect(JSON.parse((await callback.requests.next()).body)).toEqual({ listenerId: 'listener-1', flagKey: 'flag' });
    expect(callback.requests.left).toBe(0);
  });

  test('is told of all flags when it names none', async () => {
    const { client, stream } = await startWithStream();
    const callback = standIn.serve(withStatus(200));
    await client.command('registerFlagChangeListener', { listenerId: 'all', callbackUri: callback.url });
    stream.send(patch('flag', 2), patch('other', 3));
    for (const flagKey of ['flag', 'other']) {
      expect(JSON.parse((await callback.requests.next()).body)).toEqual({ listenerId: 'all', flagKey });
    }
  });

  test('is told nothing once it is unregistered, or another has its id', async () => {
    const { client, stream } = await startWithStream();
    const [first, second] = [standIn.serve(withStatus(200)), standIn.serve(withStatus(200))];
    const changes = await listenToChanges(standIn, client);
    const register = (callbackUri: string) =>
      client.command('registerFlagChangeListener', { listenerId: 'listener-1', flagKey: 'flag', callbackUri });
    await register(first.url);
    await register(second.url);
    stream.send(patch('flag', 2));
    await second.requests.next();
    await client.command('unregisterListener', { listenerId: 'listener-1' });
    await client.command('unregisterListener', { listenerId: 'never registered' });
    stream.send(patch('flag', 3));
    expect([await changes.next(), await changes.next()]).toEqual(['flag', 'flag']);
    expect([first.requests.left, second.requests.left]).toEqual([0, 0]);
  });
});

import { type Flag, type Side, type Stage, stagePlans, stages } from '@sluice/engine';
import { flagOf } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Driver, type EventSink, type Json, serveEvents, startDriver, streamOf } from './driver.ts';
import { type Handler, type StandIn, startStandIn, withStatus } from './harness-stand-in.ts';

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

const context = { kind: 'user', key: 'ann' };
const aTime = expect.any(Number);

function flagIn(stage: unknown, parts: Partial<Flag> = {}): Flag {
  const variations = [...stages, 'half', 5];
  return flagOf('orders', {
    version: 7,
    variations,
    fallthrough: { variation: variations.indexOf(stage as Stage) },
    ...parts,
  });
}

async function start(flags: readonly Flag[]) {
  const sink: EventSink = serveEvents(standIn);
  const client = await driver.create({
    streaming: { baseUri: standIn.serve(streamOf(flags).handler).url },
    events: { baseUri: sink.endpoint.url, flushIntervalMs: 1_000_000 },
  });
  const flush = async (): Promise<Json[]> => {
    await client.command('flushEvents');
    return sink.next();
  };
  return { client, flush };
}

const saying =
  (text: string): Handler =>
  (_, response) =>
    void response.writeHead(200).end(text);

interface Operation {
  readonly operation?: 'read' | 'write';
  readonly order?: 'serial' | 'random' | 'concurrent';
  readonly handlers?: Partial<Readonly<Record<Side, Handler>>>;
  readonly parameters?: object;
}

/** Runs one operation; what it answered, whom it asked in which order and with what, and the events of that. */
async function operate(
  flag: Flag,
  { operation = 'read', order = 'serial', handlers = {}, parameters = {} }: Operation,
) {
  const { client, flush } = await start([flag]);
  const asked: { readonly side: Side; readonly body: string }[] = [];
  const serve = (side: Side): string => {
    const handler = handlers[side] ?? saying(`${side} answer`);
    return standIn.serve((request, response) => {
      asked.push({ side, body: request.body });
      handler(request, response);
    }).url;
  };
  const { result } = await client.command('migrationOperation', {
    ...{ key: 'orders', context, defaultStage: 'dualwrite', operation, readExecutionOrder: order },
    ...{ oldEndpoint: serve('old'), newEndpoint: serve('new'), payload: 'a payload', ...parameters },
  });
  const events = await flush();
  return { result, asked, events, event: events.find(({ kind }) => kind === 'migration_op') };
}

describe('the stage of a migration', () => {
  test.each(stages)('is %s when the flag says so', async (stage) => {
    const { client, flush } = await start([flagIn(stage)]);
    const asked = { key: 'orders', context, defaultStage: 'off' };
    expect(await client.command('migrationVariation', asked)).toEqual({ result: stage });
    expect((await flush()).map(({ kind }) => kind)).toEqual(['index', 'summary']);
  });

  test.each(['half', 5, 'no flag'])('is the default one when the flag serves %s', async (served) => {
    const { client } = await start(served === 'no flag' ? [] : [flagIn(served)]);
    const asked = { key: 'orders', context, defaultStage: 'live' };
    expect(await client.command('migrationVariation', asked)).toEqual({ result: 'live' });
  });

  test('is one of six words', async () => {
    const { client } = await start([flagIn('off')]);
    const asked = client.command('migrationVariation', { key: 'orders', context, defaultStage: 'half' });
    await expect(asked).rejects.toThrow('defaultStage must be one of off, dualwrite');
  });
});

describe.each(stages)('in stage %s', (stage) => {
  const { authority, compares, writesBoth } = stagePlans[stage];
  const other: Side = authority === 'old' ? 'new' : 'old';

  test.each(['serial', 'random', 'concurrent'] as const)('a read (%s) asks those that it has to', async (order) => {
    const { result, asked } = await operate(flagIn(stage), { order });
    expect(result).toBe(`${authority} answer`);
    expect(asked.map(({ side }) => side).toSorted()).toEqual(compares ? ['new', 'old'] : [authority]);
    if (compares && order === 'serial') expect(asked[0]?.side).toBe('old');
    expect(asked.map(({ body }) => body)).toEqual(asked.map(() => 'a payload'));
  });

  test('a write asks whose acknowledgement counts first', async () => {
    const { result, asked } = await operate(flagIn(stage), { operation: 'write' });
    expect(result).toBe(`${authority} answer`);
    expect(asked.map(({ side }) => side)).toEqual(writesBoth ? [authority, other] : [authority]);
  });

  test('a write that fails where it counts goes no further', async () => {
    const handlers = { [authority]: withStatus(409) };
    const { asked, event, result } = await operate(flagIn(stage), {
      ...{ operation: 'write', handlers, parameters: { trackErrors: true } },
    });
    expect(result).toMatch(/^409/);
    expect(asked.map(({ side }) => side)).toEqual([authority]);
    expect(event.measurements).toEqual([
      { key: 'invoked', values: { [authority]: true } },
      { key: 'error', values: { [authority]: true } },
    ]);
  });

  test.each(['read', 'write'] as const)('a %s is reported once, beside the evaluation', async (operation) => {
    const { events } = await operate(flagIn(stage), { operation });
    const both = operation === 'read' ? compares : writesBoth;
    expect(events).toEqual([
      { kind: 'index', creationDate: aTime, context },
      {
        kind: 'migration_op',
        operation,
        creationDate: aTime,
        context,
        evaluation: {
          key: 'orders',
          value: stage,
          default: 'dualwrite',
          reason: { kind: 'FALLTHROUGH' },
          variation: stages.indexOf(stage),
          version: 7,
        },
        measurements: [{ key: 'invoked', values: both ? { old: true, new: true } : { [authority]: true } }],
      },
      expect.objectContaining({ kind: 'summary' }),
    ]);
  });
});

describe('what is measured', () => {
  test('is how long each side took', async () => {
    const { event } = await operate(flagIn('shadow'), { parameters: { trackLatency: true } });
    expect(event.measurements).toEqual([
      { key: 'invoked', values: { old: true, new: true } },
      { key: 'latency_ms', values: { old: aTime, new: aTime } },
    ]);
  });

  test('is that the other side failed, which the answer does not show', async () => {
    const handlers = { old: withStatus(503) };
    const { event, result } = await operate(flagIn('live'), {
      operation: 'write',
      handlers,
      parameters: { trackErrors: true },
    });
    expect(result).toBe('new answer');
    expect(event.measurements).toContainEqual({ key: 'error', values: { old: true } });
  });

  test.each([
    ['alike', 'the same', true],
    ['not alike', 'another', false],
  ])('is that both sides answer %s', async (_, text, value) => {
    const handlers = { old: saying('the same'), new: saying(text) };
    const { event } = await operate(flagIn('live'), { handlers, parameters: { trackConsistency: true } });
    expect(event.measurements).toContainEqual({ key: 'consistent', value, samplingRatio: 1 });
  });

  test('is nothing about being alike where a side failed, or the flag says that it is not checked', async () => {
    const parameters = { trackConsistency: true };
    const failed = await operate(flagIn('live'), { handlers: { old: withStatus(503) }, parameters });
    const unchecked = await operate(flagIn('live', { migration: { checkRatio: 0 } }), { parameters });
    for (const { event } of [failed, unchecked])
      expect(event.measurements).toEqual([{ key: 'invoked', values: { old: true, new: true } }]);
  });

  test('says by which ratio it was sampled', async () => {
    const flag = flagIn('off', { samplingRatio: 2 });
    let event: Json;
    // One in two.
    while (event === undefined) ({ event } = await operate(flag, {}));
    expect(event.samplingRatio).toBe(2);
  });

  test('is nothing when the flag says that none is sampled', async () => {
    const { events } = await operate(flagIn('off', { samplingRatio: 0 }), {});
    expect(events.map(({ kind }) => kind)).toEqual(['index', 'summary']);
  });

  test('tells a stage that is none from the default one that was used', async () => {
    const { event } = await operate(flagIn('half'), {});
    expect(event.evaluation).toEqual({
      ...{ key: 'orders', value: 'dualwrite', default: 'dualwrite', version: 7 },
      reason: { kind: 'ERROR', errorKind: 'WRONG_TYPE' },
    });
  });
});

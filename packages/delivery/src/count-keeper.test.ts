import { type EvaluationCount, isMalformation, type LinkUp, parseLinkUp } from '@sluice/protocol';
import { createFakeServerPlatform, type FakeServerPlatform } from '@sluice/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { CountKeeper } from './count-keeper.ts';

type Counted = Extract<LinkUp, { kind: 'counted' }>;

let platform: FakeServerPlatform;
let keeper: CountKeeper;
let sent: Counted[];
let warnings: object[];

beforeEach(() => {
  platform = createFakeServerPlatform();
  [sent, warnings] = [[], []];
  keeper = new CountKeeper({ ...platform, session: 's', logWarning: (fields) => void warnings.push(fields) });
});

function connect(): void {
  keeper.connect((message) => {
    const read = parseLinkUp(JSON.stringify(message));
    if (read === undefined || isMalformation(read) || read.kind !== 'counted') throw new Error(JSON.stringify(read));
    sent.push(read);
  });
}

/** What is above keeps all that was sent; how much that is. */
function takeAll(): number {
  const taken = sent.splice(0);
  for (const { id } of taken) keeper.taken(id);
  return taken.flatMap(({ counts }) => counts).reduce((sum, { count }) => sum + count, 0);
}

let payloads = 0;

/** One evaluation each of so many flags. */
function evaluate(flags = 1, environmentId = 'env-1'): void {
  const names = Array.from({ length: flags }, (_, at) => [
    `flag-${at}`,
    { counters: [{ variation: 0, version: 1, count: 1 }] },
  ]);
  const events = [{ kind: 'summary', features: Object.fromEntries(names) }];
  keeper.record(environmentId, { payloadId: `p-${++payloads}`, events });
}

const count = (flagKey: string, times: number): EvaluationCount => ({
  flagKey,
  variation: 0,
  version: 1,
  count: times,
});

describe('what is counted', () => {
  test('is sent every few seconds, and each batch of events once however often it comes', async () => {
    connect();
    const events = [{ kind: 'summary', features: { a: { counters: [{ variation: 0, version: 1, count: 3 }] } } }];
    for (let time = 0; time < 3; time++) keeper.record('env-1', { payloadId: 'same', events });
    keeper.record('env-2', { payloadId: 'same', events });
    await platform.clock.advance(5000);
    expect(sent.map(({ environmentId, counts }) => [environmentId, counts])).toEqual([
      ['env-1', [count('a', 3)]],
      ['env-2', [count('a', 3)]],
    ]);
  });

  test('is sent again as it was when the link was broken before it was taken', () => {
    connect();
    evaluate();
    keeper.flush();
    const [first] = sent.splice(0);
    keeper.disconnect();
    evaluate();
    connect();
    expect(sent.map(({ id, counts }) => [id, counts])).toEqual([
      [first?.id, [count('flag-0', 1)]],
      [expect.not.stringMatching(`^${first?.id}$`), [count('flag-0', 1)]],
    ]);
  });

  test('is sent again also when the link stays and what is above could not keep it', async () => {
    connect();
    evaluate();
    await platform.clock.advance(40_000);
    expect(sent.map(({ id, agoMs }) => [id, agoMs])).toEqual([
      ['s-1', 5000],
      ['s-1', 35_000],
    ]);
    takeAll();
    await platform.clock.advance(60_000);
    expect(sent).toEqual([]);
  });

  test('waits together, minute by minute, while what is above cannot keep anything', async () => {
    connect();
    for (let second = 0; second < 3600; second++) {
      evaluate();
      await platform.clock.advance(1000);
    }
    const waiting = new Map(sent.splice(0).map((batch) => [batch.id, batch]));
    expect(waiting.size).toBeLessThanOrEqual(21);
    sent.push(...waiting.values());
    let total = takeAll();
    await platform.clock.advance(5000);
    total += takeAll();
    expect([total, warnings]).toEqual([3600, []]);
  });

  test('is told before a relay ends, and nothing afterwards', () => {
    connect();
    evaluate();
    keeper.close();
    expect(sent).toHaveLength(1);
    expect(platform.clock.waiting).toEqual([]);
  });

  test('of an environment that is not served any more is forgotten', async () => {
    connect();
    evaluate(1, 'env-1');
    keeper.flush();
    evaluate(1, 'env-1');
    evaluate(1, 'env-2');
    sent = [];
    keeper.forget('env-1');
    await platform.clock.advance(60_000);
    expect(new Set(sent.map(({ environmentId }) => environmentId))).toEqual(new Set(['env-2']));
  });
});

describe('without anybody above', () => {
  test('an hour of ten environments is kept, with its minutes', async () => {
    for (let second = 0; second < 3600; second += 5) {
      for (let environment = 0; environment < 10; environment++) evaluate(20, `env-${environment}`);
      await platform.clock.advance(5000);
    }
    connect();
    expect(sent).toHaveLength(600);
    const ages = sent.filter(({ environmentId }) => environmentId === 'env-7').map(({ agoMs }) => agoMs);
    expect(ages).toEqual(Array.from({ length: 60 }, (_, minute) => (60 - minute) * 60_000));
    expect([takeAll(), warnings]).toEqual([720 * 10 * 20, []]);
  });

  test('the oldest minutes are given up for more counters than can be kept, and that is said', async () => {
    const counts = Array.from({ length: 20_000 }, (_, at) => count(`flag-${at}`, 1));
    for (let minute = 0; minute < 40; minute++) {
      keeper.recordBatch('env-1', { id: `r-${minute}`, counts, agoMs: 0 });
      await platform.clock.advance(60_000);
    }
    keeper.connect((message) => void (message.kind === 'counted' && sent.push(message)));
    const oldest = Math.max(...sent.map(({ agoMs }) => agoMs));
    expect(sent.length).toBeLessThanOrEqual(26);
    expect(oldest).toBe(sent.length * 60_000);
    expect(warnings[0]).toEqual({ counters: 20_000 });
  });

  test('made-up flags and counts stay within bounds', async () => {
    const most = 1e12;
    const events = [{ kind: 'summary', features: { a: { counters: [{ variation: 0, version: 1, count: most }] } } }];
    for (let time = 0; time < 10_000; time++) keeper.record('env-1', { payloadId: undefined, events });
    evaluate(30_000);
    connect();
    expect(sent.map(({ counts }) => [counts.length, counts[0]])).toEqual([
      [20_000, count('a', Number.MAX_SAFE_INTEGER)],
    ]);
  });
});

describe('what a relay below counted', () => {
  test('keeps its age, and is counted once however often it is sent', async () => {
    const batch = { id: 'r-1', counts: [count('a', 5)], agoMs: 3_600_000 };
    keeper.recordBatch('env-1', batch);
    keeper.recordBatch('env-1', { ...batch, agoMs: 3_630_000 });
    keeper.recordBatch('env-1', { ...batch, id: 'r-2', agoMs: 0 });
    await platform.clock.advance(10_000);
    connect();
    expect(sent.map(({ agoMs, counts }) => [agoMs, counts])).toEqual([
      [3_610_000, [count('a', 5)]],
      [10_000, [count('a', 5)]],
    ]);
  });
});

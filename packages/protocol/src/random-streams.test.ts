import { breakSomewhere, listStumbles, wholeFlag, wholeSegment } from '@sluice/testkit';
import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createFdv1Receiver,
  createFdv2Receiver,
  createSseParser,
  encodeSse,
  type Receiver,
  type ReceiverAction,
  type SseEvent,
  sseHeartbeat,
} from './index.ts';
import { parseFdv1All, parsePollEvents, type WireEvent } from './receiver.ts';

/** Text that has much of what the syntax of server-sent events is made of. */
const streamText = fc
  .array(
    fc.oneof(
      fc.constantFrom('event', 'data', ':', ' ', '\n', '\r', '\r\n', '\n\n', 'put', '{}', '\u{1F600}'),
      fc.string(),
    ),
  )
  .map((pieces) => pieces.join(''));

/** A text, cut anywhere into chunks that have something in them. */
function cutAnywhere(text: Arbitrary<string>): Arbitrary<readonly string[]> {
  return fc.tuple(text, fc.array(fc.nat(), { maxLength: 8 })).map(([whole, places]) => {
    const cuts = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
    return cuts.slice(1).flatMap((end, index) => whole.slice(cuts[index], end) || []);
  });
}

function parseChunks(chunks: readonly string[]): readonly SseEvent[] {
  const parser = createSseParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

describe('a stream of server-sent events', () => {
  test('whatever it is, has the same events however it is cut', () => {
    fc.assert(
      fc.property(cutAnywhere(streamText), (chunks) => {
        expect(parseChunks(chunks)).toEqual(parseChunks([chunks.join('')]));
      }),
      { numRuns: 2000 },
    );
  });

  test('gives back what was encoded, with heartbeats in between, however it is cut', () => {
    const line = fc.string().map((text) => text.replaceAll(/[\r\n]/g, ''));
    const name = line.map((text) => `e${text}`);
    const encoded = fc.array(fc.record({ event: name, data: line }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        encoded.chain((list) =>
          fc.tuple(fc.constant(list), cutAnywhere(fc.constant(list.map(encodeSse).join(sseHeartbeat)))),
        ),
        ([list, chunks]) => {
          expect(parseChunks(chunks)).toEqual(list);
        },
      ),
    );
  });
});

const intent = fc
  .constantFrom('xfer-full', 'xfer-full', 'xfer-changes', 'none', 'later')
  .map((intentCode): WireEvent => ({ event: 'server-intent', data: { payloads: [{ id: 'p', intentCode }] } }));
const put = fc.constantFrom<WireEvent>(
  { event: 'put-object', data: { kind: 'flag', key: 'whole', version: 1, object: wholeFlag } },
  { event: 'put-object', data: { kind: 'segment', key: 'whole', version: 1, object: wholeSegment } },
  { event: 'put-object', data: { kind: 'later', key: 'x', version: 1, object: {} } },
  { event: 'delete-object', data: { kind: 'flag', key: 'whole', version: 2 } },
);
const commit = fc.constant<WireEvent>({ event: 'payload-transferred', data: { state: 'e1:3', version: 3 } });
const rest = fc.constantFrom<WireEvent>(
  { event: 'error', data: { reason: 'x' } },
  { event: 'goodbye', data: { reason: 'x' } },
  { event: 'heart-beat', data: {} },
  { event: 'fleet', data: { delayMs: 0, spreadMs: 0, heartbeatMs: 1000 } },
  { event: 'later', data: [] },
);
const fdv1 = fc.constantFrom<WireEvent>(
  { event: 'put', data: { path: '/', data: { flags: { whole: wholeFlag }, segments: { whole: wholeSegment } } } },
  { event: 'patch', data: { path: '/flags/whole', data: wholeFlag } },
  { event: 'patch', data: { path: '/segments/whole', data: wholeSegment } },
  { event: 'delete', data: { path: '/flags/whole', version: 2 } },
);

/** Now and then with its data broken somewhere. */
function breakable(event: Arbitrary<WireEvent>): Arbitrary<WireEvent> {
  return event.chain(({ event: name, data }) => {
    const whole = fc.constant(data);
    const some = fc.oneof({ weight: 5, arbitrary: whole }, { weight: 1, arbitrary: breakSomewhere(whole) });
    return some.map((each): WireEvent => ({ event: name, data: each }));
  });
}

const transfer = fc
  .tuple(breakable(intent), fc.array(breakable(put), { maxLength: 4 }), breakable(commit))
  .map(([first, puts, last]) => [first, ...puts, last]);
/** Transfers, and events in any order. */
const events: Arbitrary<readonly WireEvent[]> = fc
  .array(
    fc.oneof(
      transfer,
      breakable(fc.oneof(intent, put, commit, rest, fdv1)).map((each) => [each]),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.flat());

/** What was committed must be something that the engine can load and evaluate. */
function expectLoadable(action: ReceiverAction): number {
  if (action.kind !== 'commit') return 0;
  const { objects } = action.transfer;
  const flags = objects.flatMap((object) => (object.kind === 'flag' ? [object.flag] : []));
  const segments = objects.flatMap((object) => (object.kind === 'segment' ? [object.segment] : []));
  for (const { key, version } of [...flags, ...segments]) {
    expect([typeof key, Number.isInteger(version)]).toEqual(['string', true]);
  }
  expect(listStumbles(flags, segments)).toEqual([]);
  return objects.length;
}

describe.each<[string, () => Receiver]>([
  ['fdv1', createFdv1Receiver],
  ['fdv2', createFdv2Receiver],
])('whatever events come by %s', (_, createReceiver) => {
  test('none is fatal, and what is committed can be loaded', () => {
    let committed = 0;
    fc.assert(
      fc.property(events, (list) => {
        const receiver = createReceiver();
        for (const each of list) committed += expectLoadable(receiver.receive(each));
      }),
      { numRuns: 1000 },
    );
    expect(committed).toBeGreaterThan(20);
  });

  test('as texts that may be no JSON, none is fatal', () => {
    let committed = 0;
    fc.assert(
      fc.property(events, fc.infiniteStream(fc.tuple(fc.string(), fc.nat(9))), (list, noises) => {
        const receiver = createReceiver();
        for (const { event, data } of list) {
          const [noise, form] = noises.next().value;
          const json = JSON.stringify(data);
          const text = [noise, json.slice(0, -1), `${json}${noise}`][form] ?? json;
          committed += expectLoadable(receiver.receiveText({ event, data: text }));
        }
      }),
      { numRuns: 500 },
    );
    expect(committed).toBeGreaterThan(20);
  });
});

test('nothing of what was refused is committed later', () => {
  fc.assert(
    fc.property(events, (list) => {
      const receiver = createFdv2Receiver();
      let sent = 0;
      for (const { event, data } of list) {
        const action = receiver.receive({ event, data });
        if (action.kind === 'commit') expect(action.transfer.objects.length).toBeLessThanOrEqual(sent);
        const isOver = ['commit', 'refused', 'goodbye', 'up-to-date'].includes(action.kind) || event === 'error';
        if (isOver) sent = 0;
        else if (/object$/.test(event)) sent++;
      }
    }),
    { numRuns: 2000 },
  );
});

describe('the body of a poll', () => {
  test('whatever it is, is refused or can be loaded', () => {
    const all = { flags: { whole: wholeFlag }, segments: { whole: wholeSegment } };
    let committed = 0;
    fc.assert(
      fc.property(breakSomewhere(fc.constant(all)), (body) => {
        committed += expectLoadable(parseFdv1All(body));
      }),
      { numRuns: 1000 },
    );
    expect(committed).toBeGreaterThan(20);
  });

  test('of fdv2, whatever it is, is refused or has events that a receiver can take', () => {
    const whole = fc.record({ events });
    let committed = 0;
    fc.assert(
      fc.property(fc.oneof(whole, breakSomewhere(whole)), (body) => {
        const found = parsePollEvents(body);
        if ('expected' in found) return;
        const receiver = createFdv2Receiver();
        for (const each of found) committed += expectLoadable(receiver.receive(each));
      }),
      { numRuns: 1000 },
    );
    expect(committed).toBeGreaterThan(20);
  });
});

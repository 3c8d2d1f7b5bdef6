import { buildPayload, buildTombstone, buildWireFlag, buildWireSegment } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import {
  createFdv1Receiver,
  createFdv2Receiver,
  encodeCommit,
  encodeFdv1Changes,
  encodeFdv1Put,
  encodeGoodbye,
  encodePoll,
  encodeSse,
  encodeTransfer,
  parsePollEvents,
  type SseEvent,
} from './index.ts';

const payload = buildPayload(
  buildWireFlag('a', 5, '{"key":"a","version":5,"on":true}'),
  buildWireSegment('s', 6),
  buildTombstone('b', 7),
);

function read(events: readonly SseEvent[]): readonly (readonly [string, unknown])[] {
  return events.map(({ event, data }) => [event, JSON.parse(data)]);
}

const commit = [
  ['put-object', { version: 5, kind: 'flag', key: 'a', object: { key: 'a', version: 5, on: true } }],
  ['put-object', { version: 6, kind: 'segment', key: 's', object: { key: 's', version: 6 } }],
  ['delete-object', { version: 7, kind: 'flag', key: 'b' }],
  ['payload-transferred', { state: 'e1:7', version: 7, id: 'sluice' }],
];

describe('an fdv2 transfer', () => {
  test.each(['xfer-full', 'xfer-changes'] as const)(
    'announces %s, sends the objects, and commits with the state to resume from',
    (intentCode) => {
      expect(read(encodeTransfer(payload, intentCode, 'stale'))).toEqual([
        ['server-intent', { payloads: [{ id: 'sluice', target: 7, intentCode, reason: 'stale' }] }],
        ...commit,
      ]);
    },
  );

  test('of nothing is the announcement alone', () => {
    expect(read(encodeTransfer(payload, 'none', 'up-to-date'))).toEqual([
      ['server-intent', { payloads: [{ id: 'sluice', target: 7, intentCode: 'none', reason: 'up-to-date' }] }],
    ]);
  });

  test('needs no announcement later on the same stream', () => {
    expect(read(encodeCommit(payload))).toEqual(commit);
  });

  test('commits the new version also when no object changed', () => {
    expect(read(encodeCommit({ epoch: 'e1', version: 8, objects: [] }))).toEqual([
      ['payload-transferred', { state: 'e1:8', version: 8, id: 'sluice' }],
    ]);
  });

  test('stands in a poll as it does on a stream', () => {
    const events = encodeTransfer(payload, 'xfer-full', 'payload-missing');
    expect(parsePollEvents(JSON.parse(encodePoll(events)))).toEqual(
      read(events).map(([event, data]) => ({ event, data })),
    );
  });
});

describe('server-sent events', () => {
  test('take one line of data each', () => {
    for (const { event, data } of [...encodeTransfer(payload, 'xfer-full', 'stale'), encodeGoodbye('bye')]) {
      expect(encodeSse({ event, data })).toBe(`event: ${event}\ndata: ${data}\n\n`);
      expect(data).not.toMatch(/[\r\n]/);
    }
  });
});

describe('what one side sends and the other receives', () => {
  test('is the same over fdv2', () => {
    const receiver = createFdv2Receiver();
    const actions = encodeTransfer(payload, 'xfer-full', 'stale').map((event) => receiver.receiveText(event));
    expect(actions.at(-1)).toEqual({
      kind: 'commit',
      transfer: {
        kind: 'full',
        state: 'e1:7',
        byVersion: false,
        objects: [
          { kind: 'flag', flag: { key: 'a', version: 5, on: true } },
          { kind: 'segment', segment: { key: 's', version: 6 } },
          { kind: 'flag', flag: { key: 'b', version: 7, deleted: true } },
        ],
      },
    });
    expect(receiver.receiveText(encodeGoodbye('server is stopping'))).toEqual({
      kind: 'goodbye',
      reason: 'server is stopping',
    });
  });

  test('is the same over fdv1', () => {
    const receiver = createFdv1Receiver();
    const objects = (event: SseEvent) => {
      const action = receiver.receiveText(event);
      return action.kind === 'commit' ? action.transfer.objects : [];
    };
    expect(objects(encodeFdv1Put(payload))).toEqual([
      { kind: 'flag', flag: { key: 'a', version: 5, on: true } },
      { kind: 'segment', segment: { key: 's', version: 6 } },
    ]);
    expect(encodeFdv1Changes(payload).flatMap(objects)).toEqual([
      { kind: 'flag', flag: { key: 'a', version: 5, on: true } },
      { kind: 'segment', segment: { key: 's', version: 6 } },
      { kind: 'flag', flag: { key: 'b', version: 7, deleted: true } },
    ]);
  });
});

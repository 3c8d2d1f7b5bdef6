import { flagOf, segmentOf } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import {
  createFdv1Receiver,
  createFdv2Receiver,
  parseFdv1All,
  parsePollEvents,
  type ReceiverAction,
  type WireEvent,
} from './receiver.ts';

const flag = flagOf('flag');
const segment = segmentOf('segment');
const nothing: ReceiverAction = { kind: 'nothing' };

describe('the second protocol', () => {
  const intent = (intentCode: string): WireEvent => ({ event: 'server-intent', data: { payloads: [{ intentCode }] } });
  const putFlag: WireEvent = { event: 'put-object', data: { version: 1, kind: 'flag', key: 'flag', object: flag } };
  const putSegment: WireEvent = {
    event: 'put-object',
    data: { version: 1, kind: 'segment', key: 'segment', object: segment },
  };
  const transferred = (state: string): WireEvent => ({ event: 'payload-transferred', data: { state, version: 1 } });

  function receiveAll(...events: readonly WireEvent[]): ReceiverAction[] {
    const receiver = createFdv2Receiver();
    return events.map((event) => receiver.receive(event));
  }

  test('commits what came since the intent, all at once', () => {
    expect(receiveAll(intent('xfer-full'), putFlag, putSegment, transferred('one'))).toEqual([
      nothing,
      nothing,
      nothing,
      {
        kind: 'commit',
        transfer: {
          kind: 'full',
          objects: [
            { kind: 'flag', flag },
            { kind: 'segment', segment },
          ],
          state: 'one',
          byVersion: false,
        },
      },
    ]);
  });

  test('goes on with changes after a commit, and after a word that all is there', () => {
    const remove: WireEvent = { event: 'delete-object', data: { version: 3, kind: 'segment', key: 'segment' } };
    const changes = receiveAll(intent('xfer-full'), transferred('one'), remove, transferred('two')).at(-1);
    expect(changes).toEqual({
      kind: 'commit',
      transfer: {
        kind: 'changes',
        objects: [{ kind: 'segment', segment: { key: 'segment', version: 3, deleted: true } }],
        state: 'two',
        byVersion: false,
      },
    });
    const [upToDate, , commit] = receiveAll(intent('none'), putFlag, transferred('two'));
    expect(upToDate).toEqual({ kind: 'up-to-date' });
    expect(commit).toMatchObject({ kind: 'commit', transfer: { kind: 'changes', objects: [{ kind: 'flag' }] } });
  });

  test('takes a key and a version from around an object that lacks them, and an empty key', () => {
    const bare: WireEvent = { event: 'put-object', data: { version: 7, kind: 'flag', key: '', object: { on: true } } };
    expect(receiveAll(intent('xfer-full'), bare, transferred('one')).at(-1)).toMatchObject({
      transfer: { objects: [{ kind: 'flag', flag: { key: '', version: 7, on: true } }] },
    });
  });

  test('has nothing to resume from when the state is empty', () => {
    expect(receiveAll(intent('xfer-full'), transferred('')).at(-1)).toMatchObject({
      kind: 'commit',
      transfer: { state: undefined },
    });
  });

  test('takes no objects before an intent, and refuses to commit then', () => {
    expect(receiveAll(putFlag, { event: 'delete-object', data: { version: 1, kind: 'flag', key: 'flag' } })).toEqual([
      nothing,
      nothing,
    ]);
    expect(receiveAll(putFlag, transferred('one')).at(-1)).toMatchObject({ kind: 'refused' });
  });

  test('forgets what was sent before an error, and keeps the intent', () => {
    const error: WireEvent = { event: 'error', data: { reason: 'because' } };
    expect(receiveAll(intent('xfer-full'), putFlag, error, putSegment, transferred('one')).at(-1)).toMatchObject({
      transfer: { kind: 'full', objects: [{ kind: 'segment' }] },
    });
  });

  test('forgets everything at a goodbye, and after what is malformed', () => {
    for (const [event, kind] of [
      [{ event: 'goodbye', data: { reason: 'because' } }, 'goodbye'],
      [{ event: 'goodbye', data: {} }, 'goodbye'],
      [{ event: 'put-object', data: { version: 1, kind: 'flag', key: 'flag', object: null } }, 'refused'],
      [{ event: 'put-object', data: { version: 1, kind: 'flag', object: flag } }, 'refused'],
      [{ event: 'server-intent', data: { payloads: [] } }, 'refused'],
      [{ event: 'server-intent', data: null }, 'refused'],
      [{ event: 'payload-transferred', data: { state: 5 } }, 'refused'],
    ] as const) {
      const [, , action, commit] = receiveAll(intent('xfer-full'), putFlag, event, transferred('one'));
      expect(action).toMatchObject({ kind });
      expect(commit).toMatchObject({ kind: 'refused', problem: 'payload-transferred came before server-intent' });
    }
  });

  test('skips what it does not know, without a look at its data', () => {
    const { receiveText } = createFdv2Receiver();
    expect(receiveText({ event: 'heart-beat', data: '{}' })).toEqual(nothing);
    expect(receiveText({ event: 'whatever', data: '{sorry' })).toEqual(nothing);
    expect(receiveText({ event: 'server-intent', data: '{sorry' })).toMatchObject({
      kind: 'refused',
      problem: expect.stringMatching(/^server-intent: data must be JSON/),
    });
    const cat: WireEvent = { event: 'put-object', data: { version: 1, kind: 'cat', key: 'Jack', object: 5 } };
    const kitten: WireEvent = { event: 'delete-object', data: { version: 1, kind: 'cat', key: 'Jack' } };
    expect(
      receiveAll(intent('xfer-changes'), cat, kitten, intent('xfer-later'), transferred('one')).at(-1),
    ).toMatchObject({
      transfer: { kind: 'changes', objects: [] },
    });
  });
});

describe('the events of a poll', () => {
  test('are a list with names', () => {
    const events = [{ event: 'server-intent', data: {} }];
    expect(parsePollEvents({ events })).toBe(events);
    for (const body of [null, [], {}, { events: {} }, { events: [{ data: {} }] }, { events: [null] }]) {
      expect(parsePollEvents(body)).toHaveProperty('expected');
    }
  });
});

describe('the first protocol', () => {
  const all = { flags: { flag }, segments: { segment } };
  const transfer = {
    kind: 'full',
    objects: [
      { kind: 'flag', flag },
      { kind: 'segment', segment },
    ],
    state: undefined,
    byVersion: false,
  };

  test('begins anew with a put, whatever its path, and with a poll', () => {
    const { receive } = createFdv1Receiver();
    for (const data of [{ path: '/', data: all }, { path: '', data: all }, { data: all }]) {
      expect(receive({ event: 'put', data })).toEqual({ kind: 'commit', transfer });
    }
    expect(parseFdv1All(all)).toEqual({ kind: 'commit', transfer });
    expect(parseFdv1All({ flags: null })).toMatchObject({ kind: 'commit', transfer: { objects: [] } });
  });

  test('changes one object by version', () => {
    const { receive } = createFdv1Receiver();
    expect(receive({ event: 'patch', data: { path: '/segments/segment', data: segment } })).toEqual({
      kind: 'commit',
      transfer: { kind: 'changes', objects: [{ kind: 'segment', segment }], state: undefined, byVersion: true },
    });
    expect(receive({ event: 'delete', data: { path: '/flags/a/b', version: 5 } })).toMatchObject({
      transfer: { objects: [{ kind: 'flag', flag: { key: 'a/b', version: 5, deleted: true } }], byVersion: true },
    });
  });

  test('skips other events and other paths', () => {
    const { receive, receiveText } = createFdv1Receiver();
    expect(receiveText({ event: 'indirect/put', data: '{sorry' })).toEqual(nothing);
    expect(receive({ event: 'patch', data: { path: '/cats/Jack', data: 5 } })).toEqual(nothing);
    expect(receive({ event: 'delete', data: { version: 5 } })).toEqual(nothing);
  });

  test.each([
    ['put', { data: { flags: [] } }, 'put: data.flags must be an object, got a list'],
    ['put', { data: { flags: { a: {} } } }, 'put: flag a.key must be a string, got nothing'],
    ['put', { path: 5, data: all }, 'put: path must be a string, got 5'],
    ['patch', { path: '/flags/a' }, 'patch: data must be an object, got nothing'],
    ['delete', { path: '/flags/a' }, 'delete: version must be an integer, got nothing'],
    ['delete', { path: '/flags/a', version: 1.5 }, 'delete: version must be an integer, got 1.5'],
  ])('refuses a malformed %s: %o', (event, data, problem) => {
    expect(createFdv1Receiver().receive({ event, data })).toEqual({ kind: 'refused', problem });
  });
});

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

  test.each(['', '\ud800', 'e1:3\udc00'])(
    'has nothing to resume from when the state cannot be sent back: %j',
    (state) => {
      expect(receiveAll(intent('xfer-full'), transferred(state)).at(-1)).toMatchObject({
        kind: 'commit',
        transfer: { state: undefined },
      });
    },
  );

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

describe('objects that cannot be used', () => {
  const intent = (intentCode: string): WireEvent => ({ event: 'server-intent', data: { payloads: [{ intentCode }] } });
  const wanted: WireEvent = { event: 'fleet', data: { delayMs: 0, spreadMs: 20, heartbeatMs: 10_000 } };
  const put = (key: string, version: number, object: unknown, kind = 'flag'): WireEvent => ({
    event: 'put-object',
    data: { version, kind, key, object },
  });
  const good = (key: string, version = 1): WireEvent => put(key, version, flagOf(key, { version }));
  const bad = (key: string, version = 1): WireEvent => put(key, version, { key, version, variations: 'none' });
  const remove = (key: string, version: number): WireEvent => ({
    event: 'delete-object',
    data: { version, kind: 'flag', key },
  });
  const transferred = (state: string): WireEvent => ({ event: 'payload-transferred', data: { state, version: 1 } });
  const reason = 'variations must be a list, got "none"';

  function receiveAll(...events: readonly WireEvent[]): ReceiverAction[] {
    const receiver = createFdv2Receiver();
    return events.map((event) => receiver.receive(event));
  }

  /** What became of each transfer: the keys of its objects, and of those that were refused. */
  function commits(...events: readonly WireEvent[]): { objects: string[]; refused: string[] }[] {
    return receiveAll(...events).flatMap((action) => {
      if (action.kind !== 'commit') return [];
      const { objects, refused = [] } = action.transfer;
      return [
        {
          objects: objects.map((object) =>
            object.kind === 'flag' ? `${object.flag.key}${object.flag.deleted === true ? ' deleted' : ''}` : 'segment',
          ),
          refused: refused.map(({ key, version }) => `${key} ${version}`),
        },
      ];
    });
  }

  test('are refused alone by whoever is to tell of them, and the rest is taken', () => {
    const brokenSegment = put('s', 4, { key: 's', version: 4, included: 5 }, 'segment');
    const events = [wanted, intent('xfer-full'), good('a'), bad('b', 3), brokenSegment, good('c'), transferred('one')];
    const [notice, , , , , , commit] = receiveAll(...events);
    expect(notice).toEqual({
      kind: 'notice',
      notice: { event: 'fleet', delayMs: 0, spreadMs: 20, heartbeatMs: 10_000 },
    });
    expect(commit).toMatchObject({
      kind: 'commit',
      transfer: {
        kind: 'full',
        objects: [{ flag: { key: 'a' } }, { flag: { key: 'c' } }],
        state: 'one',
        refused: [
          { kind: 'flag', key: 'b', version: 3, reason },
          { kind: 'segment', key: 's', version: 4, reason: 'included must be a list, got 5' },
        ],
      },
    });
  });

  test('have all that came refused with them when nobody asked to be told', () => {
    const actions = receiveAll(intent('xfer-full'), good('a'), bad('b'), good('c'), transferred('one'));
    expect(actions.map(({ kind }) => kind)).toEqual(['nothing', 'nothing', 'refused', 'nothing', 'refused']);
    expect(actions[2]).toEqual({ kind: 'refused', problem: `flag b: ${reason}` });
  });

  test.each<[string, WireEvent]>([
    ['another notice', { event: 'probe', data: { id: 'p' } }],
    ['a notice that is not understood', { event: 'fleet', data: { spreadMs: 'soon' } }],
    ['a notice without data', { event: 'fleet', data: null }],
  ])('are not taken for refused alone after %s', (_, notice) => {
    expect(receiveAll(notice, intent('xfer-full'), bad('b')).at(-1)).toMatchObject({ kind: 'refused' });
  });

  test('are refused alone also when the wish to be told comes in the middle of a transfer', () => {
    expect(commits(intent('xfer-full'), good('a'), wanted, bad('b'), transferred('one'))).toEqual([
      { objects: ['a'], refused: ['b 1'] },
    ]);
  });

  test('leave no list where there are none', () => {
    const commit = receiveAll(wanted, intent('xfer-full'), good('a'), transferred('one')).at(-1);
    expect(commit).toHaveProperty('transfer');
    expect(commit).not.toHaveProperty('transfer.refused');
  });

  test('may be all that there is', () => {
    expect(commits(wanted, intent('xfer-changes'), bad('b', 2), transferred('two'))).toEqual([
      { objects: [], refused: ['b 2'] },
    ]);
  });

  test('are told with their own transfer, and not with the next', () => {
    expect(
      commits(wanted, intent('xfer-full'), bad('b'), transferred('one'), good('c', 2), transferred('two')),
    ).toEqual([
      { objects: [], refused: ['b 1'] },
      { objects: ['c'], refused: [] },
    ]);
  });

  test.each<[string, WireEvent, string[]]>([
    ['an error', { event: 'error', data: { reason: 'because' } }, []],
    ['another intent', intent('xfer-changes'), []],
    ['word that all is there', intent('none'), []],
    ['another notice, which is no reason to forget', { event: 'probe', data: { id: 'p' } }, ['b 1']],
  ])('that came before %s', (_, between, refused) => {
    expect(commits(wanted, intent('xfer-full'), bad('b'), between, transferred('one'))).toEqual([
      { objects: [], refused },
    ]);
  });

  test('are forgotten at a goodbye, and refused alone also after it', () => {
    const goodbye: WireEvent = { event: 'goodbye', data: { reason: 'because' } };
    const rest = [intent('xfer-full'), bad('c'), transferred('one')];
    expect(commits(wanted, intent('xfer-full'), bad('b'), goodbye, ...rest)).toEqual([
      { objects: [], refused: ['c 1'] },
    ]);
  });

  test('do not make an envelope acceptable that is malformed itself', () => {
    for (const data of [
      { version: '1', kind: 'flag', key: 'b', object: {} },
      { version: 1, kind: 'flag', object: {} },
    ]) {
      const actions = receiveAll(wanted, intent('xfer-full'), { event: 'put-object', data }, transferred('one'));
      expect(actions.map(({ kind }) => kind)).toEqual(['notice', 'nothing', 'refused', 'refused']);
    }
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'flag'],
    ['a list', []],
    ['another version', { version: '1' }],
  ])('may be %s', (_, object) => {
    expect(commits(wanted, intent('xfer-full'), put('b', 7, object), transferred('one'))).toEqual([
      { objects: [], refused: ['b 7'] },
    ]);
  });

  test('are as many as come', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => bad(`flag-${at}`));
    const [commit] = commits(wanted, intent('xfer-full'), ...many, transferred('one'));
    expect(commit?.refused).toHaveLength(20_000);
  });

  test.each<[string, readonly WireEvent[], string[], string[]]>([
    ['a good one after a bad one', [bad('a', 1), good('a', 2)], ['a'], []],
    ['a deletion after a bad one', [bad('a', 1), remove('a', 2)], ['a deleted'], []],
    ['a bad one after a good one', [good('a', 1), bad('a', 2)], ['a'], ['a 2']],
    ['a bad one after a bad one', [bad('a', 1), bad('a', 2)], [], ['a 2']],
  ])('count as the last of those that came under one key: %s', (_, events, objects, refused) => {
    expect(commits(wanted, intent('xfer-full'), ...events, transferred('one'))).toEqual([{ objects, refused }]);
  });

  test('are told apart by kind', () => {
    const events = [put('a', 1, { key: 'a', version: 1, included: 5 }, 'segment'), good('a', 2)];
    expect(commits(wanted, intent('xfer-full'), ...events, transferred('one'))).toEqual([
      { objects: ['a'], refused: ['a 1'] },
    ]);
  });
});

describe('notices', () => {
  test('are passed on wherever they come, and change nothing about a transfer', () => {
    const { receiveText } = createFdv2Receiver();
    const events = [
      ['server-intent', '{"payloads":[{"intentCode":"xfer-full"}]}'],
      ['probe', '{"id":"p-1","share":0.5}'],
      ['taken', '{"id":"b-1","status":202,"at":5}'],
      ['probe', '{"id":5}'],
      ['payload-transferred', '{"state":"one"}'],
    ] as const;
    expect(events.map(([event, data]) => receiveText({ event, data }))).toMatchObject([
      nothing,
      { kind: 'notice', notice: { event: 'probe', id: 'p-1' } },
      { kind: 'notice', notice: { event: 'taken', id: 'b-1', status: 202, at: 5 } },
      nothing,
      { kind: 'commit', transfer: { kind: 'full', objects: [], state: 'one' } },
    ]);
  });

  test('whose data is no JSON are refused, as everything that we know by name', () => {
    const { receiveText } = createFdv2Receiver();
    expect(receiveText({ event: 'fleet', data: '{sorry' })).toMatchObject({ kind: 'refused' });
  });

  test('are nothing to the first protocol', () => {
    expect(createFdv1Receiver().receiveText({ event: 'fleet', data: '{sorry' })).toEqual(nothing);
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

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeNotice, encodePoll, type Notice, parseNotices } from './index.ts';
import { isNoticeEvent, parseNotice } from './notices.ts';

const notices: readonly Notice[] = [
  { event: 'fleet', delayMs: 0, spreadMs: 400, heartbeatMs: 10_000 },
  { event: 'probe', id: 'p-1' },
  { event: 'taken', id: 'b-1', status: 202, at: 1_700_000_000_000 },
];

describe('a notice', () => {
  test.each(notices)('comes back as it was sent: %j', (notice) => {
    const { event, data } = encodeNotice(notice);
    expect(event).toBe(notice.event);
    expect(JSON.parse(data)).not.toHaveProperty('event');
    expect(isNoticeEvent(event) && parseNotice(event, JSON.parse(data))).toEqual(notice);
  });

  test('is told from the events of fdv2 and from names that every object has', () => {
    expect(['fleet', 'probe', 'taken'].every(isNoticeEvent)).toBe(true);
    for (const event of ['put-object', 'server-intent', 'Fleet', '', '__proto__', 'constructor', 'toString'])
      expect(isNoticeEvent(event)).toBe(false);
  });

  test('has the name of its event, whatever its data says', () => {
    expect(parseNotice('probe', { event: 'fleet', id: 'p' })).toMatchObject({ event: 'probe' });
  });

  test.each<[Notice['event'], unknown, string]>([
    ['fleet', null, 'fleet'],
    ['fleet', [], 'fleet'],
    ['fleet', { spreadMs: 1, heartbeatMs: 1 }, 'fleet.delayMs'],
    ['fleet', { delayMs: 0, heartbeatMs: 1 }, 'fleet.spreadMs'],
    ['fleet', { delayMs: 0, spreadMs: 1, heartbeatMs: '1' }, 'fleet.heartbeatMs'],
    ['probe', { id: 5 }, 'probe.id'],
    ['taken', { id: 'b', status: '202', at: 1 }, 'taken.status'],
    ['taken', { id: 'b', status: 202 }, 'taken.at'],
  ])('is malformed: %s %j at %s', (event, data, path) => {
    expect(parseNotice(event, data)).toMatchObject({ path });
  });

  test('never throws, whatever its data', () => {
    fc.assert(
      fc.property(fc.constantFrom('fleet', 'probe', 'taken'), fc.jsonValue(), (event, data) => {
        expect(parseNotice(event as Notice['event'], data)).toBeTypeOf('object');
      }),
      { numRuns: 1000, seed: 7 },
    );
  });
});

describe('the notices in an answer', () => {
  test('are found in the body of a poll', () => {
    expect(parseNotices(encodePoll(notices.map(encodeNotice)))).toEqual(notices);
    expect(parseNotices(encodePoll([]))).toEqual([]);
  });

  test.each([
    'null',
    '5',
    '[]',
    '{}',
    '{"events":{}}',
    '{"events":[null]}',
    '{"events":[{"data":{}}]}',
    '{"events":[{"event":5}]}',
  ])('are none where there is no list of events: %s', (text) => {
    expect(parseNotices(text)).toEqual([]);
  });

  test('are passed over one by one where they are not understood', () => {
    const events = [
      { event: 'later', data: {} },
      { event: '__proto__', data: {} },
      { event: 'fleet' },
      { event: 'fleet', data: { spreadMs: '1' } },
      { event: 'probe', data: { id: 'p-1' } },
    ];
    expect(parseNotices(JSON.stringify({ events }))).toEqual([{ event: 'probe', id: 'p-1' }]);
  });

  test('cannot be found in what is not JSON', () => {
    expect(() => parseNotices('<html>')).toThrow(SyntaxError);
    expect(() => parseNotices('')).toThrow(SyntaxError);
  });
});

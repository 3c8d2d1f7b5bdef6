import { createFakeLog, createFakePlatform, type FakeLog, type FakePlatform, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { TakenEvents } from '../fleet/reporter.ts';
import { EventSender } from './event-sender.ts';

interface Setting {
  readonly platform: FakePlatform;
  readonly log: FakeLog;
  readonly sender: EventSender;
}

function createSender(gzip = false): Setting {
  const [platform, log] = [createFakePlatform(), createFakeLog()];
  const options = { baseUrl: 'http://server', headers: { authorization: 'key' }, gzip, log };
  return { platform, log, sender: new EventSender(options, platform) };
}

/** A line to the server in the hands of the test. */
class FakeLine {
  hasLine = true;
  readonly sent: { readonly id: string; readonly events: string }[] = [];
  /** Says what the server says of the last batch; undefined: the line broke, or nothing was said. */
  answer = (_: TakenEvents | undefined): void => undefined;

  sendEvents(id: string, events: string): Promise<TakenEvents | undefined> {
    this.sent.push({ id, events });
    return new Promise((resolve) => {
      this.answer = resolve;
    });
  }
}

function createSenderWithLine(): Setting & { readonly line: FakeLine } {
  const [platform, log, line] = [createFakePlatform(), createFakeLog(), new FakeLine()];
  const options = { baseUrl: 'http://server', headers: {}, gzip: true, log, reporter: line };
  return { platform, log, line, sender: new EventSender(options, platform) };
}

describe('a batch where there is a line', () => {
  test('goes by it, and is not posted', async () => {
    const { platform, line, sender, log } = createSenderWithLine();
    const sent = sender.send([{ kind: 'identify' }, { kind: 'summary' }]);
    expect(line.sent).toEqual([{ id: 'uuid-1', events: '[{"kind":"identify"},{"kind":"summary"}]' }]);
    line.answer({ status: 202, at: 77 });
    await sent;
    expect(sender.serverTime).toBe(77);
    expect([platform.http.exchanges, log.lines, platform.clock.waiting]).toEqual([[], [], []]);
  });

  test('is posted at once, as the same, when the line breaks or the server says nothing of it', async () => {
    const { platform, line, sender, log } = createSenderWithLine();
    const sent = sender.send([1]);
    line.answer(undefined);
    await settle();
    expect(platform.http.last.request).toMatchObject({
      headers: { 'x-launchdarkly-payload-id': line.sent[0]?.id },
      body: line.sent[0]?.events,
    });
    platform.http.last.respond(202);
    await sent;
    expect(sender.serverTime).toBe(0);
    expect([platform.http.exchanges.length, log.lines]).toEqual([1, []]);
  });

  test.each([400, 408, 429, 500, 503])(
    'is posted when the server says %i of it: trying again may help',
    async (status) => {
      const { platform, line, sender } = createSenderWithLine();
      const sent = sender.send([1]);
      line.answer({ status, at: 77 });
      await settle();
      platform.http.last.respond(202);
      await sent;
      expect(platform.http.exchanges).toHaveLength(1);
      expect([sender.isRejected, line.sent.length]).toEqual([false, 1]);
    },
  );

  test.each([
    [401, true],
    [403, true],
    [404, true],
    [413, false],
  ])('is lost when the server says %i of it; no more are sent: %s', async (status, isRejected) => {
    const { platform, line, sender, log } = createSenderWithLine();
    const sent = sender.send([1]);
    line.answer({ status, at: 77 });
    await sent;
    expect(sender.isRejected).toBe(isRejected);
    expect(platform.http.exchanges).toEqual([]);
    expect(log.lines).toHaveLength(1);
  });

  test('loses what JSON cannot hold, as when it is posted', async () => {
    const { line, sender } = createSenderWithLine();
    const sent = sender.send([{ a: 1 }, { big: 1n }, { b: 2 }]);
    expect(line.sent[0]?.events).toBe('[{"a":1},{"b":2}]');
    line.answer({ status: 202, at: 1 });
    await sent;
  });

  test('is posted while the line is away', async () => {
    const { platform, line, sender } = createSenderWithLine();
    line.hasLine = false;
    const sent = sender.send([1]);
    platform.http.last.respond(202);
    await sent;
    expect(line.sent).toEqual([]);
  });
});

describe('a batch', () => {
  test.each([true, false])('is posted, packed: %s', async (gzip) => {
    const { platform, sender } = createSender(gzip);
    const sent = sender.send([{ kind: 'identify' }, { kind: 'summary' }]);
    expect(platform.http.last.request).toEqual({
      method: 'POST',
      url: 'http://server/bulk',
      headers: {
        authorization: 'key',
        'content-type': 'application/json',
        'x-launchdarkly-event-schema': '4',
        'x-launchdarkly-payload-id': 'uuid-1',
      },
      body: '[{"kind":"identify"},{"kind":"summary"}]',
      gzip,
    });
    platform.http.last.respond(202);
    await sent;
    expect(platform.http.exchanges).toHaveLength(1);
    expect(platform.clock.waiting).toEqual([]);
  });

  test.each([400, 408, 429, 500, 503, 302])('is posted once more a second after a %i, as the same', async (status) => {
    const { platform, sender, log } = createSender();
    const sent = sender.send([1]);
    platform.http.last.respond(status);
    await platform.clock.advance(999);
    expect(platform.http.exchanges).toHaveLength(1);
    await platform.clock.advance(1);
    const [first, second] = platform.http.exchanges;
    expect(second?.request).toEqual(first?.request);
    platform.http.last.respond(status);
    await sent;
    expect(platform.http.exchanges).toHaveLength(2);
    expect(sender.isRejected).toBe(false);
    expect(log.lines).toEqual(['warn: 1 events could not be sent and are lost']);
  });

  test('is posted once more when the network fails, or the server says nothing for ten seconds', async () => {
    const { platform, sender, log } = createSender();
    const sent = sender.send([1]);
    platform.http.last.fail(new Error('refused'));
    await platform.clock.advance(1000);
    expect(platform.http.exchanges).toHaveLength(2);
    await platform.clock.advance(10_000);
    await sent;
    expect(platform.http.last.isAborted).toBe(true);
    expect(log.lines).toHaveLength(1);
  });

  test.each([401, 403, 404])('is the last after a %i', async (status) => {
    const { platform, sender, log } = createSender();
    const sent = sender.send([1]);
    platform.http.last.respond(status);
    await sent;
    expect(sender.isRejected).toBe(true);
    expect(log.lines).toEqual([`warn: events: the server answered ${status}; no more events are sent`]);
  });

  test('that is too large is lost, and no other', async () => {
    const { platform, sender, log } = createSender();
    const sent = sender.send([1]);
    platform.http.last.respond(413);
    await sent;
    expect(sender.isRejected).toBe(false);
    expect(log.lines).toEqual(['warn: events: the server answered 413']);
  });

  test('loses an event that JSON cannot hold, and no other', async () => {
    const { platform, sender, log } = createSender();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const sent = sender.send([{ a: 1 }, circle, { big: 1n }, { b: 2 }]);
    expect(platform.http.last.request.body).toBe('[{"a":1},{"b":2}]');
    platform.http.last.respond(202);
    await sent;
    expect(log.lines).toHaveLength(2);
  });
});

test('the time of the server is that of its last answer, if it says it', async () => {
  const { platform, sender } = createSender();
  expect(sender.serverTime).toBe(0);
  for (const [date, expected] of [
    ['Wed, 21 Oct 2026 07:28:00 GMT', Date.UTC(2026, 9, 21, 7, 28)],
    ['', Date.UTC(2026, 9, 21, 7, 28)],
    ['Thu, 22 Oct 2026 07:28:00 GMT', Date.UTC(2026, 9, 22, 7, 28)],
  ] as const) {
    const sent = sender.send([1]);
    platform.http.last.respond(202, '', date === '' ? {} : { date });
    await sent;
    await settle();
    expect(sender.serverTime).toBe(expected);
  }
});

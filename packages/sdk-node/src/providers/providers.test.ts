import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arrivals, createFakeLog, createFakePlatform, settle } from '@sluice/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../create-client.ts';
import { SluiceError } from '../errors.ts';
import type { NodeClient } from '../node-client.ts';
import { nodePlatform } from '../platform.ts';
import { TestData } from '../test-data.ts';
import { Journal } from './journal.ts';
import { readJournal } from './journal-access.ts';
import { NotAccepted } from './not-accepted.ts';
import type { Provider, SendOptions, SendResult } from './provider.ts';
import { ProviderSets } from './provider-sets.ts';
import type { ProviderSend } from './sending.ts';

interface Mail {
  readonly id: string;
}

/** What a fake provider does with a message. */
type Behaviour = 'accept' | 'refuse' | 'refuse message' | 'hang' | 'reset';

/** A provider that keeps what it accepted, and behaves as it is told. */
class FakeProvider implements Provider<Mail> {
  behaviour: Behaviour = 'accept';
  readonly accepted: string[] = [];
  readonly asked: (SendOptions & { readonly id: string })[] = [];
  readonly honoursIdempotencyKey: boolean;
  /** Only those that have one are probed. */
  probe?: NonNullable<Provider<Mail>['probe']>;

  constructor(honoursIdempotencyKey = false) {
    this.honoursIdempotencyKey = honoursIdempotencyKey;
  }

  async send({ id }: Mail, options: SendOptions): Promise<void> {
    this.asked.push({ id, ...options });
    switch (this.behaviour) {
      case 'accept':
        this.accepted.push(id);
        return;
      case 'refuse':
        throw new NotAccepted('503');
      case 'refuse message':
        throw new NotAccepted('no such address', { blames: 'message' });
      case 'reset':
        this.accepted.push(id);
        throw new Error('socket hang up');
      case 'hang':
        return new Promise(() => undefined);
      default:
        this.behaviour satisfies never;
    }
  }
}

const clients: NodeClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

const set = 'email';
const places = (...providers: readonly object[]) => ({ providers, ambiguous: 'never', warmShare: 0 });
const active = (name: string, more: object = {}) => ({ name, state: 'active', ...more });
const standby = (name: string) => ({ name, state: 'standby' });
const drained = (name: string) => ({ name, state: 'drained' });

/** Providers a, b and c of a client whose flags the test sets; the clock is the test's. */
async function create({
  value,
  honours = false,
  onHash = () => undefined,
}: {
  value?: unknown;
  honours?: boolean;
  onHash?: (text: string) => void;
} = {}) {
  const testData = new TestData();
  if (value !== undefined) testData.set(set, value);
  const log = createFakeLog();
  const client = createClient({ testData, log });
  clients.push(client);
  await client.ready();
  const platform = createFakePlatform();
  const observed: ProviderSend[] = [];
  const sets = new ProviderSets(
    {
      client,
      surroundings: {
        widest: { context: undefined, ambient: [] },
        hasNarrower: false,
        find: () => ({ context: undefined, ambient: [{ kind: 'request', key: 'r', route: '/orders/:id' }] }),
      },
      journalFolder: false,
      log,
      observe: (send) => void observed.push(send),
    },
    {
      ...platform,
      // Processes of a test may share a folder.
      createUuid: randomUUID,
      hash: {
        ...platform.hash,
        sha256Base64: (text) => {
          onHash(text);
          return platform.hash.sha256Base64(text);
        },
      },
    },
  );
  const [a, b, c] = [new FakeProvider(honours), new FakeProvider(honours), new FakeProvider(honours)];
  const options = { idempotencyKey: ({ id }: Mail) => id, timeoutMs: 1000, deadlineMs: 3000 };
  const mail = sets.create<Mail>(set, { a, b, c }, options);
  let sent = 0;
  const next = () => ({ id: `m${++sent}` });
  return {
    testData,
    log,
    client,
    sets,
    clock: platform.clock,
    observed,
    mail,
    a,
    b,
    c,
    next,
    /** Sends so many messages one after the other, which nobody lets wait. */
    async sendMany(count: number): Promise<void> {
      for (let message = 0; message < count; message++) await mail.send(next());
    },
  };
}

const route = ({ attempts }: SendResult) => attempts.map(({ provider, outcome }) => `${provider}: ${outcome}`);

describe('a message', () => {
  test('goes to the first provider of the code where nobody says otherwise, and the others stand by', async () => {
    const { mail, a, b, clock } = await create();
    const result = await mail.send({ id: 'm1' });
    expect(result).toEqual({
      status: 'sent',
      provider: 'a',
      attempts: [{ provider: 'a', at: clock.now(), outcome: 'sent' }],
    });
    expect(a.asked).toMatchObject([{ id: 'm1', idempotencyKey: 'm1', deadline: clock.now() + 1000 }]);
    expect(b.asked).toEqual([]);
  });

  test('goes where the control plane says, at once when it says otherwise', async () => {
    const { mail, testData, next, c } = await create({ value: places(active('b'), standby('a')) });
    expect((await mail.send(next())).provider).toBe('b');
    testData.set(set, places(drained('b'), active('a')));
    expect((await mail.send(next())).provider).toBe('a');
    testData.remove(set);
    expect((await mail.send(next())).provider).toBe('a');
    // The value lacks it.
    expect(c.asked).toEqual([]);
  });

  test('goes to another provider for whom that is pinned', async () => {
    const { mail, testData, next } = await create({ value: places(active('a'), standby('b')) });
    testData.setFor(set, { kind: 'account', key: '42' }, places(active('b'), drained('a')));
    expect((await mail.send(next(), { kind: 'account', key: '42' })).provider).toBe('b');
    expect((await mail.send(next(), { kind: 'account', key: '43' })).provider).toBe('a');
    expect((await mail.send(next())).provider).toBe('a');
  });

  test('fails where all are drained, and says so', async () => {
    const { mail } = await create({ value: places(drained('a'), drained('b')) });
    expect(await mail.send({ id: 'm1' })).toEqual({
      status: 'failed',
      attempts: [],
      reason: 'no provider may send: all are drained',
    });
  });

  test('goes on at once after a definite failure, and fails when nobody takes it', async () => {
    const { mail, a, b, c, next } = await create({ value: places(active('a'), active('b'), standby('c')) });
    a.behaviour = 'refuse';
    expect(route(await mail.send(next()))).toEqual(['a: not-accepted', 'b: sent']);
    b.behaviour = 'refuse';
    expect(route(await mail.send(next()))).toEqual(['a: not-accepted', 'b: not-accepted', 'c: sent']);
    c.behaviour = 'refuse';
    const result = await mail.send({ id: 'lost' });
    expect([result.status, result.provider, result.attempts.map(({ error }) => error)]).toEqual([
      'failed',
      undefined,
      ['503', '503', '503'],
    ]);
    expect(await mail.pending()).toEqual([]);
    // Nobody has it, so it may be sent.
    a.behaviour = 'accept';
    expect(route(await mail.send({ id: 'lost' }))).toEqual(['a: sent']);
  });

  test('is sent once, however often it is given', async () => {
    const { mail, a } = await create();
    const results = await Promise.all([mail.send({ id: 'm1' }), mail.send({ id: 'm1' })]);
    results.push(await mail.send({ id: 'm1' }));
    expect(results.map(({ status, provider }) => [status, provider])).toEqual(Array(3).fill(['sent', 'a']));
    expect(a.accepted).toEqual(['m1']);
  });

  test.each([undefined, '', 5])('without a key is refused, and nothing is sent: %j', async (id) => {
    const { mail, a } = await create();
    // What a program without types may do.
    const sending = mail.send({ id } as unknown as Mail);
    await expect(sending).rejects.toThrow(SluiceError);
    await expect(sending).rejects.toMatchObject({ code: 'invalid-message' });
    expect(a.asked).toEqual([]);
  });

  test.each([new AbortController(), 'signal', '', {}])(
    'with what is no signal is refused, and nothing is kept: %o',
    async (signal) => {
      const { mail, a, clock } = await create();
      await expect(mail.send({ id: 'm1' }, undefined, { signal: signal as never })).rejects.toMatchObject({
        code: 'invalid-options',
        message: expect.stringContaining(
          'signal must be an AbortSignal, such as the signal of an AbortController, got',
        ),
      });
      expect(clock.waiting).toEqual([]);
      await clock.advance(60_000);
      expect([a.asked, await mail.pending()]).toEqual([[], []]);
      expect((await mail.send({ id: 'm1' })).status).toBe('sent');
    },
  );

  test('is told to whoever observes, try by try', async () => {
    const { mail, a, observed, clock } = await create({ value: places(active('a'), active('b')) });
    a.behaviour = 'refuse';
    await mail.send({ id: 'm1' }, { kind: 'multi', account: { key: '42' }, user: { key: 'ann' } });
    a.behaviour = 'hang';
    const sending = mail.send({ id: 'm2' });
    await clock.advance(1000);
    await sending;
    const about = { set, route: '/orders/:id' };
    expect(observed).toEqual([
      { ...about, provider: 'a', outcome: 'failed', durationMs: 0, account: '42' },
      { ...about, provider: 'b', outcome: 'sent', durationMs: 0, account: '42' },
      { ...about, provider: 'a', outcome: 'unknown', durationMs: 1000, account: undefined },
    ]);
  });
});

describe('a message that may have been accepted', () => {
  test.each([
    ['never', false, 'hang', { status: 'unknown', via: ['a: unknown'], accepted: 0 }],
    ['never', true, 'reset', { status: 'unknown', via: ['a: unknown'], accepted: 1 }],
    ['idempotent-only', false, 'reset', { status: 'unknown', via: ['a: unknown'], accepted: 1 }],
    [
      'idempotent-only',
      true,
      'hang',
      { status: 'unknown', via: ['a: unknown', 'a: unknown', 'a: unknown'], accepted: 0 },
    ],
    ['idempotent-only', true, 'reset', { status: 'unknown', via: Array(4).fill('a: unknown'), accepted: 4 }],
    ['allow-duplicate', false, 'hang', { status: 'sent', via: ['a: unknown', 'b: sent'], accepted: 1 }],
    ['allow-duplicate', true, 'reset', { status: 'sent', via: ['a: unknown', 'b: sent'], accepted: 2 }],
  ] as const)('with the policy %s, honoured keys %j and a %s', async (ambiguous, honours, behaviour, expected) => {
    const value = { ...places(active('a'), active('b')), ambiguous };
    const { mail, a, b, clock } = await create({ value, honours });
    a.behaviour = behaviour;
    const sending = mail.send({ id: 'm1' });
    await clock.advance(5000);
    const result = await sending;
    const accepted = a.accepted.length + b.accepted.length;
    expect({ status: result.status, via: route(result), accepted }).toEqual(expected);
    expect(
      a.asked.every(
        ({ signal, idempotencyKey }) => signal.aborted === (behaviour === 'hang') && idempotencyKey === 'm1',
      ),
    ).toBe(true);
    expect((await mail.pending()).map(({ idempotencyKey }) => idempotencyKey)).toEqual(
      expected.status === 'unknown' ? ['m1'] : [],
    );
  });

  test('is sent by the same provider as soon as that answers', async () => {
    const value = { ...places(active('a'), active('b')), ambiguous: 'idempotent-only' };
    const { mail, a, clock } = await create({ value, honours: true });
    a.behaviour = 'reset';
    const sending = mail.send({ id: 'm1' });
    await settle();
    expect(a.asked).toHaveLength(1);
    // The second try fails for sure, which says nothing about the first.
    a.behaviour = 'refuse';
    await clock.advance(75);
    a.behaviour = 'accept';
    await clock.advance(150);
    expect(route(await sending)).toEqual(['a: unknown', 'a: not-accepted', 'a: sent']);
  });

  test('is unknown even when the next one refuses it', async () => {
    const value = { ...places(active('a'), active('b')), ambiguous: 'allow-duplicate' };
    const { mail, a, b } = await create({ value });
    [a.behaviour, b.behaviour] = ['reset', 'refuse'];
    const result = await mail.send({ id: 'm1' });
    expect([result.status, ...route(result)]).toEqual(['unknown', 'a: unknown', 'b: not-accepted']);
  });

  test.each(['nope', undefined, 'unknown'])('cannot be settled as %j', async (outcome) => {
    const { mail, a, next } = await create();
    a.behaviour = 'reset';
    expect((await mail.send(next())).status).toBe('unknown');
    await expect(mail.settle('m1', outcome as never)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('outcome must be sent or failed, got '),
    });
    expect(await mail.pending()).toHaveLength(1);
  });

  test('is not sent again until somebody settles it', async () => {
    const { mail, a } = await create({ value: places(active('a'), active('b')) });
    a.behaviour = 'reset';
    await mail.send({ id: 'm1' });
    await mail.send({ id: 'm2' });
    a.behaviour = 'accept';
    expect(await mail.send({ id: 'm1' })).toMatchObject({ status: 'unknown', attempts: [{ provider: 'a' }] });
    expect(a.asked).toHaveLength(2);
    await mail.settle('m1', 'sent');
    await mail.settle('m2', 'failed');
    expect(await mail.pending()).toEqual([]);
    expect((await mail.send({ id: 'm1' })).status).toBe('sent');
    expect(a.asked).toHaveLength(2);
    expect((await mail.send({ id: 'm2' })).status).toBe('sent');
    expect(a.asked).toHaveLength(3);
    await expect(mail.settle('m1', 'failed')).rejects.toThrow(
      'no message of email with the key "m1" is in doubt: it is sent',
    );
    await expect(mail.settle('m9', 'failed')).rejects.toMatchObject({ code: 'unknown-message' });
  });

  test('is unknown when whoever sends it gives up', async () => {
    const value = { ...places(active('a'), active('b')), ambiguous: 'allow-duplicate' };
    const { mail, a, b } = await create({ value });
    a.behaviour = 'hang';
    const giveUp = new AbortController();
    const sending = mail.send({ id: 'm1' }, undefined, { signal: giveUp.signal });
    await settle();
    giveUp.abort();
    expect(await sending).toMatchObject({ status: 'unknown', reason: 'whoever sent it gave up' });
    expect([a.asked[0]?.signal.aborted, b.asked.length]).toEqual([true, 0]);
  });

  test('before there was a try, is not sent when whoever sends it has given up', async () => {
    const { mail, a } = await create();
    expect(await mail.send({ id: 'm1' }, undefined, { signal: AbortSignal.abort() })).toMatchObject({
      status: 'failed',
      attempts: [],
    });
    expect(a.asked).toEqual([]);
  });
});

/** A server, and the port that it has. */
async function listen(listener: RequestListener): Promise<readonly [Server, number]> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address.
  return [server, (server.address() as AddressInfo).port];
}

describe('what fetch answers', () => {
  /** A client of an API over HTTP that answers so; `send` is as short as people write it. */
  async function answering(status: number) {
    const [server, port] = await listen((_, response) => void response.writeHead(status).end());
    onTestFinished(() => void server.close());
    const { sets } = await create();
    const [url, b] = [`http://127.0.0.1:${port}`, new FakeProvider()];
    const http: Provider<Mail> = { send: ({ id }, { signal }) => fetch(url, { method: 'POST', body: id, signal }) };
    const mail = sets.create<Mail>('sms', { http, b }, { idempotencyKey: ({ id }) => id, timeoutMs: 1000 });
    return { mail, b };
  }

  test.each<[number, Partial<SendResult>]>([
    [202, { status: 'sent', provider: 'http' }],
    [401, { status: 'sent', provider: 'b' }],
    [503, { status: 'sent', provider: 'b' }],
    [500, { status: 'unknown' }],
  ])('is what becomes of a message: %i', async (status, result) => {
    const { mail } = await answering(status);
    expect(await mail.send({ id: 'm1' })).toMatchObject(result);
  });
});

test('why a connection failed is told, though fetch says only that it did', async () => {
  const { sets } = await create();
  const ask = async (url: string): Promise<SendResult> => {
    const http: Provider<Mail> = { send: ({ id }) => fetch(url, { method: 'POST', body: id }) };
    return sets.create<Mail>(url, { http }, { idempotencyKey: ({ id }) => id }).send({ id: 'm1' });
  };
  const [server, port] = await listen(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  expect((await ask(`http://127.0.0.1:${port}/`)).attempts).toMatchObject([
    { outcome: 'not-accepted', error: `fetch failed: connect ECONNREFUSED 127.0.0.1:${port}` },
  ]);
  expect((await ask('http://nowhere.invalid/')).attempts).toMatchObject([
    { error: expect.stringMatching(/^fetch failed: getaddrinfo E\w+ nowhere\.invalid$/) },
  ]);
});

test.each([
  ['no', new Error('no')],
  ['no: why', new Error('no', { cause: 'why' })],
  ['no: ECONNREFUSED', new Error('no', { cause: Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }) })],
  ['what is no error', 'what is no error'],
  ['no: why', new Error('no: why', { cause: new Error('why') })],
])('%j is told of a failure', async (told, error) => {
  const { sets } = await create();
  const mail = sets.create<Mail>(
    'sms',
    { a: { send: () => Promise.reject(error) } },
    { idempotencyKey: ({ id }) => id },
  );
  expect((await mail.send({ id: 'm1' })).attempts).toMatchObject([{ error: told }]);
});

describe('a provider that fails', () => {
  const value = { ...places(active('a'), standby('b')), dwellMs: 300_000 };

  test('is passed over, tried with a message now and then, and comes back after the dwell', async () => {
    const { mail, a, next, clock, sendMany } = await create({ value });
    a.behaviour = 'refuse';
    await sendMany(5);
    expect(a.asked).toHaveLength(5);
    await sendMany(20);
    expect(a.asked).toHaveLength(5);
    await clock.advance(10_000);
    await sendMany(20);
    expect(a.asked).toHaveLength(6);

    a.behaviour = 'accept';
    await clock.advance(20_000);
    expect(route(await mail.send(next()))).toEqual(['a: sent']);
    // It works again; messages go there only as trials until the dwell is over.
    const before = a.asked.length;
    for (let second = 0; second < 299; second++) {
      await sendMany(2);
      await clock.advance(1000);
    }
    // The first comes 20 s later, as was said when it was not known how this one would end.
    expect(a.asked.length - before).toBe(28);
    await clock.advance(1000);
    expect(route(await mail.send(next()))).toEqual(['a: sent']);
    expect(route(await mail.send(next()))).toEqual(['a: sent']);
  });

  test('does not come back while it goes on and off', async () => {
    const { a, clock, sendMany } = await create({ value });
    a.behaviour = 'refuse';
    await sendMany(5);
    for (let minute = 0; minute < 60; minute++) {
      a.behaviour = minute % 4 === 3 ? 'refuse' : 'accept';
      for (let part = 0; part < 6; part++) {
        await sendMany(10);
        await clock.advance(10_000);
      }
    }
    // Of 3,600 messages it gets no more than one in ten seconds.
    expect(a.asked.length).toBeLessThanOrEqual(365);
    expect(a.asked.length).toBeGreaterThan(100);
  });

  test('is probed where it can be, and gets no message before that went well', async () => {
    const { mail, a, next, clock, sendMany } = await create({ value });
    let probes = 0;
    let works = false;
    a.probe = async ({ signal }) => {
      probes++;
      expect(signal.aborted).toBe(false);
      if (!works) throw new Error('still down');
    };
    a.behaviour = 'refuse';
    await sendMany(5);
    for (const seconds of [10, 20, 40]) {
      await clock.advance(seconds * 1000);
      await sendMany(10);
    }
    expect([probes, a.asked.length]).toEqual([3, 5]);
    works = true;
    a.behaviour = 'accept';
    await clock.advance(60_000);
    await sendMany(1);
    await settle();
    await clock.advance(299_999);
    expect(route(await mail.send(next()))).toEqual(['b: sent']);
    await clock.advance(1);
    expect(route(await mail.send(next()))).toEqual(['a: sent']);
  });

  test('whose probe hangs stays away', async () => {
    const { a, clock, sendMany } = await create({ value });
    const signals: AbortSignal[] = [];
    a.probe = ({ signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    a.behaviour = 'refuse';
    await sendMany(5);
    await clock.advance(10_000);
    await sendMany(1);
    await clock.advance(400_000);
    await sendMany(1);
    expect([a.asked.length, signals.length, signals[0]?.aborted]).toEqual([5, 2, true]);
  });

  test('gets messages when all the others have failed, too', async () => {
    const { mail, a, b, next, sendMany } = await create({ value });
    [a.behaviour, b.behaviour] = ['refuse', 'refuse'];
    await sendMany(10);
    expect(route(await mail.send(next()))).toEqual(['a: not-accepted', 'b: not-accepted']);
    b.behaviour = 'accept';
    expect(route(await mail.send(next()))).toEqual(['a: not-accepted', 'b: sent']);
    expect(route(await mail.send(next()))).toEqual(['b: sent']);
  });

  test('is not blamed for messages that nobody could take', async () => {
    const { a, sendMany } = await create({ value });
    a.behaviour = 'refuse message';
    await sendMany(50);
    expect(a.asked).toHaveLength(50);
  });
});

describe('a cap', () => {
  test('sends what is too much to the next provider', async () => {
    const value = places(active('a', { maxPerSecond: 3 }), standby('b'));
    const { a, b, clock, sendMany } = await create({ value });
    await sendMany(10);
    expect([a.accepted.length, b.accepted.length]).toEqual([3, 7]);
    await clock.advance(1000);
    await sendMany(10);
    expect([a.accepted.length, b.accepted.length]).toEqual([6, 14]);
  });

  test('of all makes messages wait, and those fail for sure that wait until the deadline', async () => {
    const value = places(active('a', { maxPerSecond: 2 }), active('b', { maxPerSecond: 1 }));
    const { mail, a, b, clock, next } = await create({ value });
    const sending = Array.from({ length: 20 }, () => mail.send(next()));
    await clock.advance(3000);
    const results = await Promise.all(sending);
    // In seconds 0, 1 and 2; at 3 the time is over.
    expect(results.filter(({ status }) => status === 'sent')).toHaveLength(9);
    expect([a.accepted.length, b.accepted.length]).toEqual([6, 3]);
    const failed = results.filter(({ status }) => status === 'failed');
    expect(new Set(failed.map(({ reason }) => reason))).toEqual(
      new Set(['every provider is at its maxPerSecond until the deadline']),
    );
    expect(failed.every(({ attempts }) => attempts.length === 0)).toBe(true);
    expect(clock.waiting).toEqual([]);
  });
});

test('the warm share goes to each on standby, the same messages each time', async () => {
  const value = { ...places(active('a'), standby('b'), standby('c')), warmShare: 5 };
  const [one, two] = [await create({ value }), await create({ value })];
  await one.sendMany(4000);
  await two.sendMany(4000);
  for (const { a, b, c } of [one, two]) {
    expect(Math.abs(b.accepted.length - 200)).toBeLessThan(45);
    expect(Math.abs(c.accepted.length - 200)).toBeLessThan(45);
    expect(a.accepted.length + b.accepted.length + c.accepted.length).toBe(4000);
  }
  expect(two.b.accepted).toEqual(one.b.accepted);
});

describe('a value that cannot be followed', () => {
  const refused = (client: NodeClient) => client.status.refused.map(({ key, reason }) => `${key}: ${reason}`);

  test.each([
    ['is malformed', places(active('b', { share: 400 })), 'variations[0]: providers[0].share must be a number from 0'],
    ['is no object', 'b', 'variations[0]: the whole must be an object, got "b"'],
    [
      'names a stranger',
      places(active('b'), standby('z')),
      'variations[0]: providers[1].name must be one that this build',
    ],
  ])('because it %s leaves the last good one, and is refused', async (_, bad, reason) => {
    const { mail, testData, client, next, log } = await create({ value: places(active('a')) });
    testData.set(set, places(active('c')));
    expect(refused(client)).toEqual([]);
    testData.set(set, bad);
    expect(refused(client)).toEqual([expect.stringContaining(`${set}: ${reason}`)]);
    testData.set('other', 1);
    expect(log.lines).toEqual([expect.stringContaining(`warn: providers ${set}: version 4 is refused: ${reason}`)]);
    expect((await mail.send(next())).provider).toBe('c');
    testData.set(set, places(active('b')));
    expect(refused(client)).toEqual([]);
    expect((await mail.send(next())).provider).toBe('b');
  });

  test('is refused for those to whom it is pinned, and changes nothing for the others', async () => {
    const { mail, testData, client, next } = await create();
    const rule = { id: 'pin', clauses: [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }] };
    const serve = (everybody: unknown, pin: unknown) =>
      testData.setFlag({
        key: set,
        on: true,
        variations: [everybody, pin],
        fallthrough: { variation: 0 },
        rules: [{ ...rule, variation: 1 }],
      });
    const account = { kind: 'account', key: '42' };
    serve(places(active('a')), places(active('b')));
    serve(places(active('c')), { providers: [] });
    expect(refused(client)).toEqual([expect.stringContaining('variations[1]: ambiguous must be one of')]);
    expect((await mail.send(next(), account)).provider).toBe('b');
    expect((await mail.send(next())).provider).toBe('c');
    serve(places(active('a')), places(active('b')));
    expect(refused(client)).toEqual([]);
  });

  test('at the start leaves the order in code', async () => {
    const { mail, client, next } = await create({ value: places(active('z')) });
    expect(refused(client)).toHaveLength(1);
    expect((await mail.send(next())).provider).toBe('a');
  });
});

describe('a set that cannot be right is refused', () => {
  const fine = { send: async () => undefined };
  const idempotencyKey = () => 'key';
  const duration = 'milliseconds above 0 and at most 2147483647';

  test.each([
    ['without anything', undefined, { idempotencyKey }, 'providers must be an object of providers, got undefined'],
    ['with a list', [fine], { idempotencyKey }, 'providers must be an object of providers, got an array'],
    ['without options', { a: fine }, undefined, 'options must be an object with idempotencyKey, got undefined'],
    [
      'with a number for a folder',
      { a: fine },
      { idempotencyKey, journal: 5 },
      'journal must be a folder, or false for memory, got 5',
    ],
    ['without providers', {}, { idempotencyKey }, 'expected at least one provider'],
    [
      'with an integer as a name',
      { a: fine, 7: fine },
      { idempotencyKey },
      'providers must not have a name that is an integer',
    ],
    ['without a function to send', { a: {} }, { idempotencyKey }, 'a.send must be a function'],
    ['without a name for messages', { a: fine }, {}, 'idempotencyKey must be a function'],
    ['without time', { a: fine }, { idempotencyKey, timeoutMs: 0 }, `timeoutMs must be ${duration}, got 0`],
    [
      'with endless time',
      { a: fine },
      { idempotencyKey, timeoutMs: 1e12 },
      `timeoutMs must be ${duration}, got 1000000000000`,
    ],
    [
      'with time as text',
      { a: fine },
      { idempotencyKey, timeoutMs: '300' },
      `timeoutMs must be ${duration}, got "300"`,
    ],
    [
      'without a deadline',
      { a: fine },
      { idempotencyKey, deadlineMs: Number.NaN },
      `deadlineMs must be ${duration}, got NaN`,
    ],
    ['without room', { a: fine }, { idempotencyKey, journalBytes: 0 }, 'journalBytes must be above 0, got 0'],
    ['with room as text', { a: fine }, { idempotencyKey, journalBytes: '9' }, 'journalBytes must be above 0, got "9"'],
    ['with an empty folder', { a: fine }, { idempotencyKey, journal: '' }, 'journal must be a folder'],
  ])('%s', async (_, providers, options, message) => {
    const { client } = await create();
    // What a program without types may do.
    const wrong = () => client.providers('sms', providers as never, options as never);
    expect(wrong).toThrow(SluiceError);
    expect(wrong).toThrow(`providers sms: ${message}`);
  });

  test('when there is one of that name', async () => {
    const { sets } = await create();
    expect(() => sets.create(set, { a: fine }, { idempotencyKey })).toThrow('there is one already');
  });

  test('when there is no place for its journal', async () => {
    const client = createClient({ url: 'http://127.0.0.1:1', sdkKey: 'sdk-key', cacheFolder: false, events: false });
    clients.push(client);
    expect(() => client.providers('sms', { a: fine }, { idempotencyKey })).toThrow(
      'journal must be a folder, or false',
    );
    expect(() => client.providers('sms', { a: fine }, { idempotencyKey, journal: false })).not.toThrow();
  });
});

test('whoever observes may fail without harm', async () => {
  const { client, log } = await create();
  const sets = new ProviderSets(
    {
      client,
      surroundings: {
        widest: { context: undefined, ambient: [] },
        hasNarrower: false,
        find: () => ({ context: undefined, ambient: [] }),
      },
      journalFolder: false,
      log,
      observe: () => {
        throw new Error('no');
      },
    },
    createFakePlatform(),
  );
  const mail = sets.create<Mail>('sms', { a: new FakeProvider() }, { idempotencyKey: ({ id }) => id });
  expect((await mail.send({ id: 'm1' })).status).toBe('sent');
  expect(log.lines).toEqual([expect.stringContaining('whoever observes them failed')]);
});

describe('a journal that cannot be written', () => {
  const root = mkdtempSync(join(tmpdir(), 'sluice-providers-'));
  afterAll(() => rmSync(root, { recursive: true }));

  test('lets nothing leave, until it can', async () => {
    const { sets } = await create();
    const provider = new FakeProvider();
    const journal = join(root, 'sends');
    const options = { idempotencyKey: ({ id }: Mail) => id, journal };
    const mail = sets.create<Mail>('sms', { a: provider }, options);
    expect(await mail.pending()).toEqual([]);
    expect((await mail.send({ id: 'm0' })).status).toBe('sent');
    await sets.close();
    rmSync(journal, { recursive: true });
    // A file where the folder should be.
    writeFileSync(journal, '');
    await expect(mail.send({ id: 'm1' })).rejects.toMatchObject({
      code: 'journal',
      message: expect.stringContaining('the journal of sends cannot be written'),
    });
    expect(provider.accepted).toEqual(['m0']);
    rmSync(journal);
    expect((await mail.send({ id: 'm1' })).status).toBe('sent');
    expect(provider.accepted).toEqual(['m0', 'm1']);
    await sets.close();
  });

  test('or read is said', async () => {
    const { sets } = await create();
    const journal = join(root, 'file');
    writeFileSync(journal, '');
    const mail = sets.create<Mail>('sms', { a: new FakeProvider() }, { idempotencyKey: ({ id }) => id, journal });
    await expect(mail.send({ id: 'm1' })).rejects.toMatchObject({ code: 'journal' });
    await expect(mail.settle('m1', 'sent')).rejects.toMatchObject({ code: 'journal' });
  });
});

test('a message that another process is sending is left to it, unless it may arrive twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-providers-'));
  const value = places(active('a'));
  const [one, two] = [await create({ value }), await create({ value })];
  const options = { idempotencyKey: ({ id }: Mail) => id, journal: folder, timeoutMs: 1000 };
  const [a, b] = [new FakeProvider(), new FakeProvider()];
  const left = new Arrivals<void>();
  const slow = {
    send: () => {
      left.add();
      return new Promise(() => undefined);
    },
  };
  one.testData.set('sms', places(active('slow')));
  const first = one.sets.create<Mail>('sms', { slow, a }, options).send({ id: 'm1' });
  await left.next();
  const mail = two.sets.create<Mail>('sms', { b }, options);
  expect(await mail.send({ id: 'm1' })).toMatchObject({
    status: 'unknown',
    reason: 'another process may be sending it',
  });
  expect(b.asked).toEqual([]);
  two.testData.set('sms', { ...places(active('b')), ambiguous: 'allow-duplicate' });
  expect((await mail.send({ id: 'm1' })).status).toBe('sent');
  await one.clock.advance(1000);
  expect((await first).status).toBe('unknown');
  await Promise.all([one.sets.close(), two.sets.close()]);
  rmSync(folder, { recursive: true });
});

test('what a set does for everybody is told, and told anew when it changes', async () => {
  const { client, testData, log } = await create({
    value: places(active('b', { share: 60 }), active('a'), standby('c')),
  });
  const told: unknown[] = [];
  const sets = new ProviderSets(
    {
      client,
      surroundings: {
        widest: { context: undefined, ambient: [] },
        hasNarrower: false,
        find: () => ({ context: undefined, ambient: [] }),
      },
      journalFolder: false,
      log,
      observe: undefined,
      tellInForce: (orders) => told.push(orders),
    },
    createFakePlatform(),
  );
  const [a, b, c] = [new FakeProvider(), new FakeProvider(), new FakeProvider()];
  sets.create<Mail>(set, { a, b, c }, { idempotencyKey: ({ id }) => id });
  testData.set(set, places(drained('b'), active('a')));
  // What cannot be followed leaves what was.
  testData.set(set, places(active('nobody')));
  expect(told).toEqual([
    [[set, { b: 'active 60%', a: 'active', c: 'standby' }]],
    [[set, { b: 'drained', a: 'active' }]],
    [[set, { b: 'drained', a: 'active' }]],
  ]);
  await sets.close();
});

describe('processes that share a journal', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-providers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Two of them, which have read what there was. */
  async function createTwo(ambiguous: string) {
    const open = async () => {
      const testData = new TestData().set('sms', { ...places(active('a')), ambiguous });
      const client = createClient({ testData, log: createFakeLog() });
      clients.push(client);
      const a = new FakeProvider(true);
      const mail = client.providers<Mail>('sms', { a }, { idempotencyKey: ({ id }) => id, journal: folder });
      await mail.send({ id: 'read' });
      return { mail, a };
    };
    const [one, two] = [await open(), await open()];
    for (const { a } of [one, two]) a.accepted.length = 0;
    return { one, two };
  }

  const policies = ['never', 'idempotent-only'] as const;

  test.each([...policies, 'allow-duplicate'])('send once what one of them has sent: %s', async (ambiguous) => {
    const { one, two } = await createTwo(ambiguous);
    expect((await one.mail.send({ id: 'm1' })).status).toBe('sent');
    expect(await two.mail.send({ id: 'm1' })).toMatchObject({ status: 'sent', provider: 'a' });
    expect(two.a.accepted).toEqual([]);
  });

  test('leave alone what one of them has in doubt', async () => {
    const { one, two } = await createTwo('never');
    one.a.behaviour = 'reset';
    expect((await one.mail.send({ id: 'm1' })).status).toBe('unknown');
    expect((await two.mail.send({ id: 'm1' })).status).toBe('unknown');
    expect(two.a.accepted).toEqual([]);
  });

  test('leave a message that another one is about to begin, at the deadline or when nobody wants it any more', async () => {
    const { sets, clock } = await create();
    const a = new FakeProvider();
    const options = { idempotencyKey: ({ id }: Mail) => id, journal: folder, timeoutMs: 100, deadlineMs: 500 };
    const mail = sets.create<Mail>('sms', { a }, options);
    const other = new Journal({ folder, log: createFakeLog() }, nodePlatform);
    const claims = ['m1', 'm2'].map((id) => other.createClaim('sms', id));
    expect(await Promise.all(claims.map((claim) => claim?.take()))).toEqual([true, true]);
    const controller = new AbortController();
    const left = mail.send({ id: 'm1' }, undefined, { signal: controller.signal });
    await clock.untilWaiting();
    controller.abort();
    await clock.advance(20);
    const late = mail.send({ id: 'm2' });
    for (let waited = 0; waited < 500; waited += 20) {
      await clock.untilWaiting();
      await clock.advance(20);
    }
    const result = { status: 'unknown', attempts: [], reason: 'another process may be sending it' };
    expect([await left, await late]).toEqual([result, result]);
    expect(a.asked).toEqual([]);
    await sets.close();
  });

  test('read that nothing was sent where writing that it has begun took too long', async () => {
    let isSlow = false;
    const { sets, clock } = await create({
      onHash: (text) => {
        if (isSlow && text.includes('"kind":"try"')) void clock.advance(5000);
      },
    });
    const a = new FakeProvider();
    const options = { idempotencyKey: ({ id }: Mail) => id, journal: folder };
    const mail = sets.create<Mail>('sms', { a }, options);
    await mail.send({ id: 'm1' });
    isSlow = true;
    await expect(mail.send({ id: 'm2' })).rejects.toThrow('it took so long that another process may have begun');
    isSlow = false;
    await clock.advance(3_600_000);
    const { messages } = await readJournal(folder);
    expect(messages.map(({ idempotencyKey, status }) => [idempotencyKey, status])).toEqual([
      ['m1', 'sent'],
      ['m2', 'failed'],
    ]);
    expect((await mail.send({ id: 'm2' })).status).toBe('sent');
    expect(a.accepted).toEqual(['m1', 'm2']);
    await sets.close();
  });

  test('send what one of them failed to send', async () => {
    const { one, two } = await createTwo('never');
    one.a.behaviour = 'refuse';
    expect((await one.mail.send({ id: 'm1' })).status).toBe('failed');
    expect((await two.mail.send({ id: 'm1' })).status).toBe('sent');
  });

  test.each(policies)('send once what both are given at the same moment: %s', async (ambiguous) => {
    const { one, two } = await createTwo(ambiguous);
    const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
    const results = await Promise.all(ids.flatMap((id) => [one.mail.send({ id }), two.mail.send({ id })]));
    // Whoever is second may have asked while the first was sending.
    for (const { status, reason } of results.filter(({ status }) => status !== 'sent'))
      expect([status, reason]).toEqual(['unknown', 'another process may be sending it']);
    expect([...one.a.accepted, ...two.a.accepted].sort()).toEqual([...ids].sort());
  });
});

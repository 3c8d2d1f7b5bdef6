import { FakeClock } from '@sluice/testkit';
import { expect, test } from 'vitest';
import { LiveStream } from './live-stream.ts';

/** What a browser's own does, as far as it is used. */
class FakeEventSource {
  readonly CLOSED = 2;
  readyState = 0;
  onopen: (() => void) | undefined;
  onerror: (() => void) | undefined;
  readonly #listeners = new Map<string, (event: { data: string }) => void>();

  addEventListener(kind: string, listener: (event: { data: string }) => void): void {
    this.#listeners.set(kind, listener);
  }

  close(): void {
    this.readyState = this.CLOSED;
  }

  tell(kind: string, data: object = {}): void {
    this.#listeners.get(kind)?.({ data: JSON.stringify(data) });
  }

  /** An answer that is no stream. */
  refuse(): void {
    this.close();
    this.onerror?.();
  }
}

function setUp() {
  const clock = new FakeClock();
  const sources: FakeEventSource[] = [];
  const heard: string[] = [];
  let see = (_isSeen: boolean): void => undefined;
  const every = (intervalMs: number, call: () => void): (() => void) => {
    let stop = clock.after(intervalMs, function turn() {
      stop = clock.after(intervalMs, turn);
      call();
    });
    return () => stop();
  };
  const stream = new LiveStream({ project: 'shop', environment: 'production' }, ({ kind }) => heard.push(kind), {
    now: () => clock.now(),
    after: (delayMs, call) => clock.after(delayMs, call),
    every,
    openEvents: () => {
      const source = new FakeEventSource();
      sources.push(source);
      // It is all of it that a stream uses.
      return source as unknown as EventSource;
    },
    onSeen: (hear) => {
      see = hear;
      return () => {
        see = () => undefined;
      };
    },
  });
  const last = () => sources.at(-1) as FakeEventSource;
  const hello = (version: number) => last().tell('hello', { version });
  return { clock, stream, sources, heard, last, hello, see: (isSeen: boolean) => see(isSeen) };
}

test('a stream that says nothing for three heartbeats is opened again, and what is shown is as old as that', async () => {
  const { clock, stream, sources, hello } = setUp();
  hello(7);
  const saidAt = clock.now();
  await clock.advance(50_000);
  expect(sources).toHaveLength(2);
  expect(sources[0]?.readyState).toBe(2);
  await clock.advance(8000);
  expect(stream.status()).toEqual({ state: 'lost', version: 7, contactAt: saidAt });
  // Nor does this one say anything.
  await clock.advance(50_000);
  expect(sources).toHaveLength(3);
  hello(8);
  expect(stream.status()).toMatchObject({ state: 'live', version: 8 });
});

test('a stream with heartbeats alone stays', async () => {
  const { clock, stream, sources, hello, last } = setUp();
  hello(7);
  for (let at = 0; at < 20; at++) {
    await clock.advance(15_000);
    last().tell('heartbeat');
  }
  expect(sources).toHaveLength(1);
  expect(stream.status()).toMatchObject({ state: 'live', contactAt: clock.now() });
});

test('a page that is hidden for a minute gives its connection up, and has it again once it is seen', async () => {
  const { clock, stream, sources, hello, last, see } = setUp();
  hello(7);
  see(false);
  await clock.advance(30_000);
  last().tell('heartbeat');
  await clock.advance(29_000);
  expect(sources[0]?.readyState).not.toBe(2);
  await clock.advance(1000);
  expect(sources[0]?.readyState).toBe(2);
  await clock.advance(600_000);
  expect(sources).toHaveLength(1);
  expect(stream.status().state).not.toBe('live');
  see(true);
  expect(sources).toHaveLength(2);
  hello(9);
  expect(stream.status()).toMatchObject({ state: 'live', version: 9 });
});

test('a page that is hidden for a moment keeps its connection', async () => {
  const { clock, sources, see, last } = setUp();
  see(false);
  await clock.advance(30_000);
  see(true);
  last().tell('heartbeat');
  await clock.advance(40_000);
  expect(sources).toHaveLength(1);
});

test('what is no stream is told, and tried again until it is closed', async () => {
  const { clock, stream, sources, heard, last } = setUp();
  last().refuse();
  expect(heard).toEqual(['refused']);
  await clock.advance(2000);
  expect(sources).toHaveLength(2);
  last().refuse();
  stream.close();
  await clock.advance(60_000);
  expect(sources).toHaveLength(2);
  expect(clock.waiting).toEqual([]);
});

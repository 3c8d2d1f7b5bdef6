import type { Transfer } from '@sluice/protocol';
import { createFakeLog, createFakePlatform, type FakeLog, type FakePlatform, flagOf, settle } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { Status } from '../status.ts';
import { type DataObserver, DataSystem, type DataSystemOptions } from './data-system.ts';
import type { SourceFailure, SourceSink } from './source.ts';

/** A source in the hands of the test: each time that it is created there is one more sink to tell. */
class FakeSource {
  readonly sinks: SourceSink[] = [];
  closed = 0;

  readonly create = (sink: SourceSink) => ({
    start: () => void this.sinks.push(sink),
    close: () => void this.closed++,
  });

  get sink(): SourceSink {
    const sink = this.sinks.at(-1);
    if (sink === undefined) throw new Error('the source was not started');
    return sink;
  }
}

interface Setting {
  readonly platform: FakePlatform;
  readonly log: FakeLog;
  readonly system: DataSystem<undefined>;
  readonly stream: FakeSource;
  readonly poll: FakeSource;
}

async function start(options: Partial<DataSystemOptions<undefined>> = {}): Promise<Setting> {
  const [platform, log, stream, poll] = [createFakePlatform(), createFakeLog(), new FakeSource(), new FakeSource()];
  const system = new DataSystem(
    {
      sources: [
        { origin: 'stream', create: stream.create },
        { origin: 'poll', create: poll.create },
      ],
      cache: undefined,
      createTally: () => undefined,
      log,
      ...options,
    },
    platform,
  );
  await system.start();
  return { platform, log, system, stream, poll };
}

function full(state: string | undefined, ...keys: readonly string[]): Transfer {
  const objects = keys.map((key) => ({ kind: 'flag' as const, flag: flagOf(key) }));
  return { kind: 'full', objects, state, byVersion: false };
}

const network: SourceFailure = { kind: 'network', message: 'broken' };
const shortly = ({ state, origin }: Status): string => `${state} from ${origin}`;

describe('the primary source', () => {
  test('brings what is in use', async () => {
    const { system, stream } = await start();
    expect(shortly(system.status)).toBe('starting from none');
    await stream.sink.commit(full('e:1', 'flag'));
    expect(shortly(system.status)).toBe('live from stream');
    expect(system.status.selector).toBe('e:1');
    expect(stream.sink.state).toBe('e:1');
    expect(system.store.ruleset.findFlag('flag')).toBeDefined();
  });

  test('is interrupted by a failure and live again with the next word', async () => {
    const { system, stream, platform } = await start();
    await stream.sink.commit(full('e:1'));
    const { since } = system.status;
    await platform.clock.advance(5000);
    stream.sink.fail(network);
    expect(system.status).toEqual({
      state: 'interrupted',
      origin: 'stream',
      selector: 'e:1',
      since: since + 5000,
      refused: [],
      lastError: { kind: 'network', message: 'broken', at: since + 5000 },
    });
    await platform.clock.advance(1000);
    stream.sink.fail(network);
    expect(system.status.since).toBe(since + 5000);
    stream.sink.confirm();
    expect(shortly(system.status)).toBe('live from stream');
    expect(system.status.lastError?.at).toBe(since + 6000);
  });

  test('is not believed that all is well before there is anything', async () => {
    const { system, stream, poll, platform } = await start();
    stream.sink.confirm();
    expect(shortly(system.status)).toBe('starting from none');
    expect(system.status.lastError).toMatchObject({ kind: 'refused' });
    // Nor does that keep the fallback from being asked.
    await platform.clock.advance(10_000);
    expect(poll.sinks).toHaveLength(1);
  });

  test('that brings an older state is refused, and what is there stays', async () => {
    const { system, stream } = await start();
    await stream.sink.commit(full('e:5', 'flag'));
    await stream.sink.commit(full('e:4'));
    expect(system.store.ruleset.findFlag('flag')).toBeDefined();
    expect(shortly(system.status)).toBe('interrupted from stream');
    expect(system.status.lastError).toMatchObject({ kind: 'refused' });
    await stream.sink.commit(full('e:5', 'flag'));
    expect(shortly(system.status)).toBe('live from stream');
  });

  test('may be missing', async () => {
    const { system } = await start({ sources: [] });
    expect(shortly(system.status)).toBe('starting from none');
    await system.close();
  });
});

describe('the fallback', () => {
  test('starts after ten seconds without contact, and ends when there is contact again', async () => {
    const { system, stream, poll, platform } = await start();
    await platform.clock.advance(9999);
    expect(poll.sinks).toHaveLength(0);
    await platform.clock.advance(1);
    await poll.sink.commit(full('e:1', 'flag'));
    expect(shortly(system.status)).toBe('live from poll');
    // While the fallback works, nobody is without current flags.
    stream.sink.fail(network);
    expect(shortly(system.status)).toBe('live from poll');
    expect(poll.sinks).toHaveLength(1);
    stream.sink.confirm();
    expect(shortly(system.status)).toBe('live from stream');
    expect(poll.closed).toBe(1);
    expect(platform.clock.waiting).toEqual([]);
  });

  test('does not start when the primary source is back in time', async () => {
    const { stream, poll, platform } = await start();
    await platform.clock.advance(9999);
    await stream.sink.commit(full('e:1'));
    await platform.clock.advance(60_000);
    expect(poll.sinks).toHaveLength(0);
  });

  test('is not put off by failures that follow the first', async () => {
    const { stream, poll, platform } = await start();
    await stream.sink.commit(full('e:1'));
    stream.sink.fail(network);
    for (let second = 1; second <= 9; second++) {
      await platform.clock.advance(1000);
      stream.sink.fail(network);
    }
    await platform.clock.advance(1000);
    expect(poll.sinks).toHaveLength(1);
  });

  test('starts anew each time that contact is lost', async () => {
    const { stream, poll, platform } = await start();
    for (let times = 1; times <= 3; times++) {
      await stream.sink.commit(full('e:1'));
      stream.sink.fail(network);
      await platform.clock.advance(10_000);
      expect(poll.sinks).toHaveLength(times);
    }
    expect(poll.closed).toBe(2);
  });

  test('that fails too leaves the last flags in use', async () => {
    const { system, stream, poll, platform } = await start();
    await stream.sink.commit(full('e:1', 'flag'));
    stream.sink.fail(network);
    await platform.clock.advance(10_000);
    poll.sink.fail({ kind: 'status', message: 'the server answered 503', status: 503 });
    expect(shortly(system.status)).toBe('interrupted from stream');
    expect(system.store.ruleset.findFlag('flag')).toBeDefined();
  });

  test('is not heard any more once it is closed', async () => {
    const { system, stream, poll, platform, log } = await start();
    await platform.clock.advance(10_000);
    await poll.sink.commit(full('e:1'));
    await stream.sink.commit(full('e:2', 'flag'));
    const { lines } = log;
    lines.length = 0;
    // Its last request was aborted, or its answer comes too late.
    poll.sink.fail({ kind: 'network', message: 'aborted' });
    poll.sink.confirm();
    await poll.sink.commit(full('e:3'));
    expect(shortly(system.status)).toBe('live from stream');
    expect(system.status.selector).toBe('e:2');
    expect(lines).toEqual([]);
  });
});

describe('listeners', () => {
  test('are told which flags changed, until they stop', async () => {
    const { system, stream } = await start();
    const heard: (readonly string[])[] = [];
    const stop = system.onChange((keys) => heard.push(keys));
    await stream.sink.commit(full('e:1', 'a', 'b'));
    await stream.sink.commit(full('e:1', 'a', 'b'));
    await stream.sink.commit(full('e:2', 'a'));
    stop();
    await stream.sink.commit(full('e:3'));
    expect(heard).toEqual([['a', 'b'], ['b']]);
  });

  test('see the new flags when they are told, and their errors harm nobody', async () => {
    const { system, stream, log } = await start();
    const heard: unknown[] = [];
    system.onChange(() => {
      throw new Error('in a listener');
    });
    system.onStatus(() => {
      throw new Error('in another listener');
    });
    system.onChange(() => heard.push(system.store.ruleset.findFlag('a')?.key));
    await stream.sink.commit(full('e:1', 'a'));
    expect(heard).toEqual(['a']);
    expect(shortly(system.status)).toBe('live from stream');
    expect(log.lines.filter((line) => line.includes('a listener failed: Error: in a listener'))).toHaveLength(1);
  });

  test('of the status are told of every change, until they stop', async () => {
    const { system, stream } = await start();
    const heard: string[] = [];
    const stop = system.onStatus((status) => heard.push(shortly(status)));
    await stream.sink.commit(full('e:1'));
    stream.sink.fail(network);
    stop();
    stream.sink.confirm();
    expect(heard).toContain('live from stream');
    expect(heard.at(-1)).toBe('interrupted from stream');
  });
});

describe('what is on disk', () => {
  const save = async (): Promise<void> => undefined;

  test('is in use until something newer comes', async () => {
    const cache = { load: async () => full('e:1', 'flag'), save };
    const { system, stream } = await start({ cache });
    expect(shortly(system.status)).toBe('interrupted from disk');
    expect(system.store.ruleset.findFlag('flag')).toBeDefined();
    expect(stream.sink.state).toBe('e:1');
    stream.sink.confirm();
    expect(shortly(system.status)).toBe('live from stream');
  });

  test('is passed over when it is damaged', async () => {
    const cache = {
      load: async (onDamage: (message: string) => void) => {
        onDamage('the checksum is wrong');
        return undefined;
      },
      save,
    };
    const { system, log } = await start({ cache });
    expect(shortly(system.status)).toBe('starting from none');
    expect(system.status.lastError).toMatchObject({ kind: 'disk', message: 'the checksum is wrong' });
    expect(log.lines).toEqual(['warn: the checksum is wrong']);
  });

  test('is not waited for by closing', async () => {
    const { promise, resolve } = Promise.withResolvers<Transfer>();
    const [platform, stream] = [createFakePlatform(), new FakeSource()];
    const system = new DataSystem(
      {
        sources: [{ origin: 'stream', create: stream.create }],
        cache: { load: () => promise, save },
        createTally: () => undefined,
        log: createFakeLog(),
      },
      platform,
    );
    const started = system.start();
    await system.close();
    resolve(full('e:1'));
    await started;
    expect(stream.sinks).toHaveLength(0);
    expect(system.status.state).toBe('stopped');
  });
});

describe('storing', () => {
  /** Notes what is stored; storing takes as long as the test says. */
  function createRecordingCache() {
    const saved: (string | undefined)[] = [];
    const cache = {
      saved,
      untilStored: (): Promise<void> => Promise.resolve(),
      load: async () => undefined,
      save: async (_: unknown, state: string | undefined) => {
        saved.push(state);
        await cache.untilStored();
      },
    };
    return cache;
  }

  test('waits a little for more changes, and longer when it took long', async () => {
    const cache = createRecordingCache();
    const { platform, stream } = await start({ cache });
    cache.untilStored = () => new Promise((resolve) => platform.clock.after(50, resolve));
    await stream.sink.commit(full('e:1'));
    await platform.clock.advance(99);
    await stream.sink.commit(full('e:2'));
    expect(cache.saved).toEqual([]);
    await platform.clock.advance(1);
    expect(cache.saved).toEqual(['e:2']);
    // While it is being stored, and after that twenty times as long as it took.
    await stream.sink.commit(full('e:3'));
    await platform.clock.advance(50 + 999);
    expect(cache.saved).toEqual(['e:2']);
    await platform.clock.advance(1);
    expect(cache.saved).toEqual(['e:2', 'e:3']);
    await platform.clock.advance(100_000);
    expect(cache.saved).toEqual(['e:2', 'e:3']);
  });

  test('is done before closing is, once', async () => {
    const cache = createRecordingCache();
    const { platform, stream, system } = await start({ cache });
    cache.untilStored = () => new Promise((resolve) => platform.clock.after(50, resolve));
    await stream.sink.commit(full('e:1'));
    const closing = system.close();
    await platform.clock.advance(50);
    await closing;
    await system.close();
    expect(cache.saved).toEqual(['e:1']);
    expect(platform.clock.waiting).toEqual([]);
  });

  test('that fails is told, and tried again with the next change', async () => {
    let attempts = 0;
    const cache = {
      load: async () => undefined,
      save: async () => {
        if (++attempts === 1) throw new Error('no space left');
      },
    };
    const { system, stream, platform } = await start({ cache });
    await stream.sink.commit(full('e:1'));
    await platform.clock.advance(100);
    expect(system.status.lastError).toMatchObject({
      kind: 'disk',
      message: 'the payload could not be stored: no space left',
    });
    expect(shortly(system.status)).toBe('live from stream');
    await stream.sink.commit(full('e:2'));
    await platform.clock.advance(100);
    expect(attempts).toBe(2);
  });
});

describe('objects that cannot be used', () => {
  const refused = [{ kind: 'flag', key: 'bad', version: 2, reason: 'variations must be a list' }] as const;
  const partial: Transfer = { kind: 'changes', objects: [], state: 'e:2', byVersion: false, refused };

  test('are told in the status and the log, while the rest is live', async () => {
    const { system, stream, log } = await start();
    await stream.sink.commit(full('e:1', 'flag', 'bad'));
    await stream.sink.commit(partial);
    const message = 'flag bad cannot be used, what there was of it before stays: variations must be a list';
    expect(system.status).toMatchObject({
      state: 'live',
      selector: 'e:2',
      refused,
      lastError: { kind: 'refused', message },
    });
    expect(log.lines).toEqual([`warn: flags: ${message}`]);
    expect(system.store.ruleset.findFlag('bad')).toBeDefined();
  });

  test('leave the status with a later form that can, and not before', async () => {
    const { system, stream } = await start();
    await stream.sink.commit(full('e:1', 'flag', 'bad'));
    await stream.sink.commit(partial);
    stream.sink.confirm();
    await stream.sink.commit({ ...partial, state: 'e:3', refused: [] });
    expect(system.status.refused).toEqual(refused);
    const objects = [{ kind: 'flag' as const, flag: flagOf('bad', { version: 4 }) }];
    await stream.sink.commit({ kind: 'changes', objects, state: 'e:4', byVersion: false });
    expect(system.status).toMatchObject({ refused: [], selector: 'e:4', lastError: { kind: 'refused' } });
  });

  test('are seen by listeners of the status before anybody is told that all is live', async () => {
    const { system, stream } = await start();
    const heard: string[] = [];
    system.onStatus(({ state, refused: objects }) => heard.push(`${state} without ${objects.length}`));
    await stream.sink.commit({ ...full('e:1', 'flag'), refused });
    expect(heard.at(-1)).toBe('live without 1');
    expect(heard).not.toContain('live without 0');
  });

  test('keep the stored payload from being resumed from: they would never be sent again', async () => {
    const saved: (string | undefined)[] = [];
    const cache = {
      load: async () => undefined,
      save: async (_: unknown, state: string | undefined) => void saved.push(state),
    };
    const { platform, stream } = await start({ cache });
    await stream.sink.commit(full('e:1', 'flag', 'bad'));
    await platform.clock.advance(100);
    await stream.sink.commit(partial);
    await platform.clock.advance(100);
    await stream.sink.commit(full('e:3', 'flag', 'bad'));
    await platform.clock.advance(100);
    expect(saved).toEqual(['e:1', undefined, 'e:3']);
    // The stream is resumed all the same: what is sent next is what is new.
    expect(stream.sink.state).toBe('e:3');
  });
});

describe('whoever tells the server', () => {
  /** Writes down what it is told, in words. */
  function createObserver() {
    const told: string[] = [];
    const observer: DataObserver = {
      running: (state, { length }, origin) =>
        void told.push(`runs ${state}${length > 0 ? ` without ${length}` : ''} from ${origin}`),
      refusing: (refused) => void told.push(`refusing ${refused.map(({ key }) => key).join()}`),
      refuse: (problem) => void told.push(`refused: ${problem}`),
      notice: ({ event }) => void told.push(event),
      line: (send) => void told.push(send === undefined ? 'no line' : 'line'),
    };
    return { told, observer };
  }

  test('hears what is in force whenever it is known to be current', async () => {
    const { told, observer } = createObserver();
    const { stream } = await start({ observer });
    await stream.sink.commit(full('e:1', 'flag'));
    stream.sink.confirm();
    await stream.sink.commit(full('e:2', 'flag'));
    expect(told).toEqual(['runs e:1 from stream', 'runs e:1 from stream', 'runs e:2 from stream']);
  });

  test('hears what is on disk, and what came from where', async () => {
    const { told, observer } = createObserver();
    const cache = { load: async () => full('e:1', 'flag'), save: async () => undefined };
    const { stream, poll, platform } = await start({ cache, observer });
    await platform.clock.advance(10_000);
    poll.sink.confirm();
    await stream.sink.commit(full('e:2', 'flag'));
    expect(told).toEqual(['runs e:1 from disk', 'runs e:1 from poll', 'runs e:2 from stream']);
  });

  test('hears what was refused: objects, whole transfers, older states, and nothing of what broke', async () => {
    const { told, observer } = createObserver();
    const { stream } = await start({ observer });
    const refused = [{ kind: 'flag', key: 'bad', version: 2, reason: 'because' }] as const;
    await stream.sink.commit({ ...full('e:2', 'flag'), refused });
    stream.sink.fail({ kind: 'refused', message: 'data must be JSON' });
    stream.sink.fail(network);
    await stream.sink.commit(full('e:1'));
    expect(told).toEqual([
      'runs e:2 without 1 from stream',
      'refused: data must be JSON',
      'refused: version 1 is older than version 2, which is in use',
    ]);
  });

  test('hears what the application refuses, beside what could not be used', async () => {
    const { told, observer } = createObserver();
    const { stream, system } = await start({ observer });
    const refused = [{ kind: 'flag', key: 'bad', version: 2, reason: 'because' }] as const;
    await stream.sink.commit({ ...full('e:2', 'flag'), refused });
    system.refusals.refuse('flag', 1, 'out of bounds');
    expect(system.status.refused.map(({ key }) => key)).toEqual(['bad', 'flag']);
    await stream.sink.commit(full('e:3', 'flag'));
    system.refusals.accept('flag');
    expect(system.status.refused).toEqual([]);
    expect(told).toEqual([
      'runs e:2 without 1 from stream',
      'refusing bad,flag',
      'runs e:3 without 1 from stream',
      'refusing ',
    ]);
  });

  test('hears with a payload what the application makes of it', async () => {
    const { told, observer } = createObserver();
    const cache = { load: async () => full('e:1', 'flag'), save: async () => undefined };
    const platform = createFakePlatform();
    const system = new DataSystem(
      { sources: [], cache, observer, createTally: () => undefined, log: createFakeLog() },
      platform,
    );
    system.onChange((keys) => system.refusals.refuse(keys.join(), 1, 'out of bounds'));
    await system.start();
    expect(told).toEqual(['refusing flag', 'runs e:1 without 1 from disk']);
  });

  test('hears of lines and notices', async () => {
    const { told, observer } = createObserver();
    const { stream } = await start({ observer });
    stream.sink.line(() => undefined);
    stream.sink.notice({ event: 'probe', id: 'p' });
    stream.sink.line(undefined);
    expect(told).toEqual(['line', 'probe', 'no line']);
  });

  test('hears nothing more once all is closed', async () => {
    const { told, observer } = createObserver();
    const { stream, system } = await start({ observer });
    await stream.sink.commit(full('e:1'));
    await system.close();
    told.length = 0;
    await stream.sink.commit(full('e:2'));
    stream.sink.confirm();
    stream.sink.fail({ kind: 'refused', message: 'because' });
    stream.sink.line(() => undefined);
    stream.sink.notice({ event: 'probe', id: 'p' });
    system.refusals.refuse('flag', 1, 'because');
    expect(told).toEqual([]);
  });
});

describe('closing', () => {
  test('closes the sources and leaves nothing behind', async () => {
    const { system, stream, poll, platform } = await start();
    await platform.clock.advance(10_000);
    await poll.sink.commit(full('e:1'));
    await system.close();
    expect([stream.closed, poll.closed]).toEqual([1, 1]);
    expect(system.status.state).toBe('stopped');
    stream.sink.fail(network);
    await stream.sink.commit(full('e:2'));
    await settle();
    expect(system.status).toMatchObject({ state: 'stopped', selector: 'e:1' });
    expect(platform.clock.waiting).toEqual([]);
  });
});

import type { Notice, Transfer } from '@sluice/protocol';
import { FakeClock } from '@sluice/testkit';
import { describe, expect, test } from 'vitest';
import type { Send, SourceFailure, SourceSink } from './source.ts';
import { type ChainHost, SourceChain } from './source-chain.ts';

const origins = ['socket', 'stream', 'poll'] as const;

/** A source in the hands of the test. */
class FakeSource {
  readonly sinks: SourceSink[] = [];
  closed = 0;
  /** What it does as soon as it is started. */
  onStart = (_: SourceSink): void => undefined;

  readonly create = (sink: SourceSink) => ({
    start: () => {
      this.sinks.push(sink);
      this.onStart(sink);
    },
    close: () => void this.closed++,
  });

  get isRunning(): boolean {
    return this.sinks.length > this.closed;
  }

  get sink(): SourceSink {
    const sink = this.sinks.at(-1);
    if (sink === undefined) throw new Error('the source was not started');
    return sink;
  }
}

interface Setting {
  readonly clock: FakeClock;
  readonly chain: SourceChain;
  readonly sources: readonly [FakeSource, FakeSource, FakeSource];
  /** What the host was told, in words. */
  readonly told: string[];
  /** What the host makes of data. */
  host: { state: string | undefined; takesData: boolean; hasData: boolean };
  /** Which sources run. */
  running(): string;
}

function create(count = 3): Setting {
  const clock = new FakeClock();
  const told: string[] = [];
  const sources = [new FakeSource(), new FakeSource(), new FakeSource()] as const;
  const host = { state: undefined, takesData: true, hasData: true };
  const chainHost: ChainHost = {
    get state() {
      return host.state;
    },
    commit: ({ state }, origin) => {
      told.push(`commit ${state} from ${origin}`);
      return host.takesData;
    },
    confirm: (origin) => {
      told.push(`confirm from ${origin}`);
      return host.hasData;
    },
    fail: ({ message }, isCovered) => void told.push(`${message}${isCovered ? ', covered' : ''}`),
    notice: ({ event }: Notice) => void told.push(event),
    line: (send) => void told.push(send === undefined ? 'no line' : 'line'),
  };
  const choices = sources
    .slice(0, count)
    .map(({ create }, at) => ({ origin: origins[at] ?? ('none' as const), create }));
  const chain = new SourceChain(choices, chainHost, clock);
  const running = (): string => origins.filter((_, at) => sources[at]?.isRunning).join(' ');
  return { clock, chain, sources, told, host, running };
}

function start(count?: number): Setting {
  const setting = create(count);
  setting.chain.start();
  return setting;
}

const network: SourceFailure = { kind: 'network', message: 'broken' };
const unfit: SourceFailure = { kind: 'unfit', message: 'no sockets' };
const transfer: Transfer = { kind: 'full', objects: [], state: 'e:1', byVersion: false };

describe('the first source', () => {
  test('runs alone while it is given time', async () => {
    const { clock, running } = start();
    expect(running()).toBe('socket');
    await clock.advance(9999);
    expect(running()).toBe('socket');
  });

  test('stays alone once it brings something', async () => {
    const { clock, sources, running, told } = start();
    await clock.advance(9999);
    await sources[0].sink.commit(transfer);
    await clock.advance(3_600_000);
    expect(running()).toBe('socket');
    expect(told).toEqual(['commit e:1 from socket', 'confirm from socket']);
    expect(clock.waiting).toEqual([]);
  });

  test('asks from where the client is', () => {
    const { sources, host } = start();
    host.state = 'e:7';
    expect(sources[0].sink.state).toBe('e:7');
  });

  test('may be the only one, or missing', async () => {
    const { clock, running, sources, told } = start(1);
    expect(clock.waiting).toEqual([]);
    sources[0].sink.fail(unfit);
    sources[0].sink.fail(network);
    await clock.advance(100_000);
    expect([running(), told]).toEqual(['socket', ['no sockets', 'broken']]);
    const none = start(0);
    expect([none.running(), none.clock.waiting]).toEqual(['', []]);
    none.chain.close();
  });
});

describe('the next source', () => {
  test('starts after ten seconds without contact, and the one after it after ten more', async () => {
    const { clock, running } = start();
    await clock.advance(10_000);
    expect(running()).toBe('socket stream');
    await clock.advance(9999);
    expect(running()).toBe('socket stream');
    await clock.advance(1);
    expect(running()).toBe('socket stream poll');
    await clock.advance(3_600_000);
    expect(running()).toBe('socket stream poll');
    expect(clock.waiting).toEqual([]);
  });

  test('is not put off, or brought forward, by failures of the one before', async () => {
    const { clock, sources, running } = start();
    for (let second = 0; second < 10; second++) {
      sources[0].sink.fail(network);
      expect(running()).toBe('socket');
      await clock.advance(1000);
    }
    expect(running()).toBe('socket stream');
  });

  test('starts at once when the one before does not get through', async () => {
    const { clock, sources, running, told } = start();
    sources[0].sink.fail(unfit);
    expect(running()).toBe('socket stream');
    expect(told).toEqual(['no sockets']);
    await clock.advance(9999);
    expect(running()).toBe('socket stream');
    await clock.advance(1);
    expect(running()).toBe('socket stream poll');
  });

  test('starts once, however often the one before does not get through', async () => {
    const { clock, sources, running } = start();
    for (let times = 0; times < 5; times++) sources[0].sink.fail(unfit);
    expect(running()).toBe('socket stream');
    // It is the stream's turn to be given time: the socket says nothing new.
    await clock.advance(9999);
    sources[0].sink.fail(unfit);
    expect(running()).toBe('socket stream');
    await clock.advance(1);
    expect(running()).toBe('socket stream poll');
  });

  test('starts at once also when what does not get through is found late', async () => {
    const { clock, sources, running } = start();
    await sources[0].sink.commit(transfer);
    await clock.advance(60_000);
    sources[0].sink.fail(unfit);
    expect(running()).toBe('socket stream');
  });

  test('is left out for no reason: all go on trying', async () => {
    const { sources, running } = start();
    sources[0].sink.fail(unfit);
    sources[1].sink.fail(unfit);
    expect(running()).toBe('socket stream poll');
    sources[2].sink.fail(unfit);
    expect(sources.map(({ sinks }) => sinks.length)).toEqual([1, 1, 1]);
  });

  test('starts after ten seconds when contact is lost, and at its first failure that time begins', async () => {
    const { clock, sources, running } = start();
    await sources[0].sink.commit(transfer);
    await clock.advance(60_000);
    sources[0].sink.fail(network);
    await clock.advance(5000);
    sources[0].sink.fail(network);
    await clock.advance(4999);
    expect(running()).toBe('socket');
    await clock.advance(1);
    expect(running()).toBe('socket stream');
  });

  test('does not start when contact is back in time', async () => {
    const { clock, sources, running } = start();
    for (let times = 0; times < 3; times++) {
      sources[0].sink.confirm();
      sources[0].sink.fail(network);
      await clock.advance(9999);
    }
    sources[0].sink.confirm();
    await clock.advance(60_000);
    expect(running()).toBe('socket');
  });

  test('that has contact at once needs no other', async () => {
    const setting = create();
    setting.sources[1].onStart = (sink) => sink.confirm();
    setting.chain.start();
    setting.sources[0].sink.fail(unfit);
    await setting.clock.advance(60_000);
    expect(setting.running()).toBe('socket stream');
  });

  test('that does not get through as soon as it starts leads to the one after it', async () => {
    const setting = create();
    for (const source of setting.sources.slice(0, 2)) source.onStart = (sink) => sink.fail(unfit);
    setting.chain.start();
    expect(setting.running()).toBe('socket stream poll');
    await setting.clock.advance(60_000);
    expect(setting.sources.map(({ sinks }) => sinks.length)).toEqual([1, 1, 1]);
  });
});

describe('contact', () => {
  test('of a better source closes all that are behind it', async () => {
    const { clock, sources, running, told } = start();
    await clock.advance(20_000);
    await sources[2].sink.commit(transfer);
    expect(running()).toBe('socket stream poll');
    await sources[1].sink.commit(transfer);
    expect(running()).toBe('socket stream');
    sources[0].sink.confirm();
    expect(running()).toBe('socket');
    expect(told.at(-1)).toBe('confirm from socket');
    expect(clock.waiting).toEqual([]);
  });

  test('of a source puts off the ones behind it, while the ones before it try on', async () => {
    const { clock, sources, running } = start();
    sources[0].sink.fail(unfit);
    sources[1].sink.confirm();
    await clock.advance(3_600_000);
    expect(running()).toBe('socket stream');
    sources[0].sink.fail(unfit);
    await clock.advance(3_600_000);
    expect(running()).toBe('socket stream');
  });

  test('makes failures of others matter less', async () => {
    const { sources, told } = start();
    sources[0].sink.fail(unfit);
    sources[1].sink.confirm();
    sources[0].sink.fail(network);
    sources[1].sink.fail(network);
    expect(told).toEqual(['no sockets', 'confirm from stream', 'broken, covered', 'broken']);
  });

  test('lost by the one that covered starts the one behind it after ten seconds', async () => {
    const { clock, sources, running } = start();
    sources[0].sink.fail(unfit);
    sources[1].sink.confirm();
    await clock.advance(60_000);
    sources[1].sink.fail(network);
    await clock.advance(9999);
    expect(running()).toBe('socket stream');
    await clock.advance(1);
    expect(running()).toBe('socket stream poll');
  });

  test('is not made by what the client refuses', async () => {
    const { clock, sources, running, host, told } = start();
    host.takesData = false;
    await sources[0].sink.commit(transfer);
    expect(told).toEqual(['commit e:1 from socket']);
    await clock.advance(10_000);
    expect(running()).toBe('socket stream');
    sources[1].sink.confirm();
    await sources[1].sink.commit(transfer);
    // What it refused is no contact, so nothing covers what fails now.
    sources[0].sink.fail(network);
    expect(told.at(-1)).toBe('broken');
  });

  test('is not made by word that all is current while there is nothing', async () => {
    const { clock, sources, running, host } = start();
    host.hasData = false;
    sources[0].sink.confirm();
    await clock.advance(10_000);
    expect(running()).toBe('socket stream');
    host.hasData = true;
    sources[0].sink.confirm();
    expect(running()).toBe('socket');
  });

  test('is not made by a line or a notice', async () => {
    const { clock, sources, running, told } = start();
    sources[0].sink.line(() => undefined);
    sources[0].sink.notice({ event: 'fleet', delayMs: 0, spreadMs: 1, heartbeatMs: 1 });
    await clock.advance(10_000);
    expect(running()).toBe('socket stream');
    expect(told).toEqual(['line', 'fleet']);
  });
});

describe('a source that was closed', () => {
  async function tellAll(sink: SourceSink): Promise<void> {
    const send: Send = () => undefined;
    await sink.commit(transfer);
    sink.confirm();
    sink.fail(unfit);
    sink.notice({ event: 'probe', id: 'p' });
    sink.line(send);
    sink.line(undefined);
  }

  test('is not heard any more, whatever it tells', async () => {
    const { clock, sources, running, told } = start();
    await clock.advance(20_000);
    sources[0].sink.confirm();
    told.length = 0;
    for (const source of sources.slice(1)) await tellAll(source.sink);
    expect(told).toEqual([]);
    await clock.advance(60_000);
    expect(running()).toBe('socket');
  });

  test('is not heard any more after it was started anew', async () => {
    const { clock, sources, told } = start();
    sources[0].sink.fail(unfit);
    const old = sources[1].sink;
    sources[0].sink.confirm();
    sources[0].sink.fail(unfit);
    expect(sources[1].sink).not.toBe(old);
    told.length = 0;
    await tellAll(old);
    expect(told).toEqual([]);
    sources[1].sink.confirm();
    await clock.advance(60_000);
    expect(told).toEqual(['confirm from stream']);
  });

  test('with the chain says nothing more, and nothing else is started', async () => {
    const { clock, chain, sources, running, told } = start();
    await clock.advance(10_000);
    chain.close();
    expect(running()).toBe('');
    expect(clock.waiting).toEqual([]);
    await tellAll(sources[0].sink);
    await tellAll(sources[1].sink);
    await clock.advance(60_000);
    expect(told).toEqual([]);
    chain.close();
    expect(sources.map(({ closed }) => closed)).toEqual([1, 1, 0]);
  });

  test('while it tells of data may be closed by whoever hears of it', async () => {
    const setting = create();
    const host: ChainHost = {
      state: undefined,
      commit: () => {
        chain.close();
        return true;
      },
      confirm: () => {
        setting.told.push('confirm');
        return true;
      },
      fail: () => undefined,
      notice: () => undefined,
      line: () => undefined,
    };
    const chain = new SourceChain([{ origin: 'socket', create: setting.sources[0].create }], host, setting.clock);
    chain.start();
    await setting.sources[0].sink.commit(transfer);
    expect(setting.told).toEqual([]);
    expect(setting.sources[0].closed).toBe(1);
  });
});

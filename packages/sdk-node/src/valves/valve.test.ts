import { AsyncLocalStorage } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Flag } from '@sluice/engine';
import { createFakeLog, createFakePlatform, settle } from '@sluice/testkit';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SluiceError } from '../errors.ts';
import { NodeClient } from '../node-client.ts';
import { Scopes } from '../surroundings/scopes.ts';
import { TestData } from '../test-data.ts';
import type { ModeCall } from './call-mode.ts';
import type { ObservedCall } from './observed-call.ts';
import type { ValveSettings } from './valve.ts';

const order = ['normal', 'cached', 'off-404'];

/** A client over test data, with its clock in the hands of the test. */
async function create() {
  const [platform, log, testData] = [createFakePlatform(), createFakeLog(), new TestData()];
  const observed: ObservedCall[] = [];
  const instance = { kind: 'instance', key: 'web-1' };
  const client = new NodeClient(
    {
      sdkKey: '',
      log,
      reporter: undefined,
      telemetry: undefined,
      hooks: [],
      sources: [{ origin: 'test', create: testData.createSource }],
      cache: undefined,
      events: undefined,
      bigSegments: undefined,
      onValveCall: (call) => void observed.push(call),
    },
    platform,
    new Scopes(
      { context: undefined, ambient: [instance] },
      { session: 's-1', log, telemetry: undefined, elapsed: () => platform.clock.elapsed() },
    ),
  );
  await settle();
  /** Serves a mode to everybody, but for rules. */
  const serve = (mode: string, rules: Flag['rules'] = []): void => {
    const fallthrough = { variation: order.indexOf(mode) };
    testData.setFlag({ key: 'search', on: true, variations: order, fallthrough, rules, offVariation: 0 });
  };
  return { clock: platform.clock, log, testData, client, observed, serve };
}

/** A rule for one account. */
const ruleFor = (account: string, mode: string) => ({
  id: `for ${account}`,
  clauses: [{ contextKind: 'account', attribute: 'key', op: 'in', values: [account] }],
  variation: order.indexOf(mode),
});

const account = (key: string) => ({ kind: 'account', key });
const answers = { normal: () => 'found', cached: () => 'found before', 'off-404': () => 'nothing' };

/** What became of a promise by now. */
function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; isSettled: boolean } {
  const seen: { value?: T; error?: unknown; isSettled: boolean } = { isSettled: false };
  void promise.then(
    (value) => Object.assign(seen, { value, isSettled: true }),
    (error: unknown) => Object.assign(seen, { error, isSettled: true }),
  );
  return seen;
}

function catchUnhandled(): unknown[] {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', listener);
  onTestFinished(() => void process.off('unhandledRejection', listener));
  return unhandled;
}

describe('which mode answers', () => {
  test('is said by the flag, with the rule that decided', async () => {
    const { client, serve } = await create();
    const valve = client.valve('search', { modes: answers });
    serve('normal', [ruleFor('42', 'cached'), ruleFor('7', 'normal')]);
    expect(await valve.run()).toEqual({ value: 'found', mode: 'normal', cause: 'normal' });
    const degraded = { value: 'found before', mode: 'cached', cause: 'rule', ruleId: 'for 42' };
    expect(await valve.run(account('42'))).toEqual(degraded);
    expect(await valve.run(account('7'))).toMatchObject({ mode: 'normal', cause: 'normal', ruleId: 'for 7' });
    serve('off-404');
    expect(await valve.run(account('42'))).toEqual({ value: 'nothing', mode: 'off-404', cause: 'rule' });
    expect(valve.mode()).toBe('off-404');
  });

  test('is the normal one while there is no flag, no payload, or nothing that the flag serves', async () => {
    const { client, testData, serve } = await create();
    const valve = client.valve('search', { modes: answers });
    const normal = { value: 'found', mode: 'normal', cause: 'normal' };
    expect(await valve.run()).toEqual(normal);
    testData.setFlag({ key: 'search', on: false, variations: order });
    expect(await valve.run()).toEqual(normal);
    serve('cached');
    testData.remove('search');
    expect(await valve.run()).toEqual(normal);
    expect(valve.mode()).toBe('normal');
    const early = new NodeClient(
      {
        sdkKey: '',
        log: createFakeLog(),
        reporter: undefined,
        telemetry: undefined,
        hooks: [],
        sources: [],
        cache: undefined,
        events: undefined,
        bigSegments: undefined,
      },
      createFakePlatform(),
      new Scopes(
        { context: undefined, ambient: [] },
        { session: 's', log: createFakeLog(), telemetry: undefined, elapsed: () => 0 },
      ),
    );
    expect(await early.valve('search', { modes: answers }).run()).toEqual(normal);
  });

  test('of an account concerns no other', async () => {
    const { client, serve } = await create();
    const valve = client.valve('search', { modes: answers });
    const accounts = fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,4}$/), { minLength: 2, maxLength: 8 });
    const modes = fc.array(fc.constantFrom(...order), { minLength: 8, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(accounts, modes, async ([other = '', ...ruled], chosen) => {
        serve(
          'normal',
          ruled.map((key, at) => ruleFor(key, chosen[at] ?? 'cached')),
        );
        expect((await valve.run(account(other))).mode).toBe('normal');
        expect((await valve.run()).mode).toBe('normal');
        for (const [at, key] of ruled.entries()) expect((await valve.run(account(key))).mode).toBe(chosen[at]);
      }),
      { numRuns: 50 },
    );
  });

  test('is found by what is around the caller', async () => {
    const { client, serve, observed } = await create();
    const valve = client.valve('search', { modes: answers });
    serve('normal', [ruleFor('42', 'cached')]);
    const modes = await client.job('nightly', async () => {
      const before = await valve.run();
      client.enrich({ account: { key: '42' } });
      return [before.mode, (await valve.run()).mode, (await valve.run(account('7'))).mode];
    });
    expect(modes).toEqual(['normal', 'cached', 'normal']);
    expect(observed.map((call) => [call.account, call.route])).toEqual([
      [undefined, 'job:nightly'],
      ['42', 'job:nightly'],
      ['7', 'job:nightly'],
    ]);
  });

  test('is known to whoever hears of the change first', async () => {
    const { client, serve, testData } = await create();
    const seen: string[] = [];
    client.onChange('search', () => void seen.push(valve.mode()));
    const valve = client.valve('search', { modes: { normal: () => 1, 'off-404': () => 2 } });
    serve('cached');
    testData.setFlag({
      key: 'search',
      on: true,
      variations: ['normal', 'gone', 'off-404'],
      fallthrough: { variation: 1 },
    });
    expect(seen).toEqual(['off-404', 'off-404']);
  });
});

describe('what functions get', () => {
  test('is what run was given, after what there is to know of the call', async () => {
    const { client, clock, serve } = await create();
    const valve = client.valve('search', {
      modes: {
        normal: async (call, query: string, limit: number) => ({ query, limit, call }),
        cached: ({ failure, mode, deadline }, query: string) => ({ failure, mode, deadline, query }),
      },
      timeoutMs: 300,
    });
    serve('normal');
    const { value } = await valve.run(undefined, 'boots', 10);
    expect(value).toMatchObject({ query: 'boots', limit: 10, call: { mode: 'normal', deadline: clock.now() + 300 } });
    serve('cached');
    const cached = await valve.run(undefined, 'boots', 10);
    expect(cached.value).toEqual({ query: 'boots', mode: 'cached', failure: undefined, deadline: clock.now() + 300 });
  });

  test('has no deadline where there is none', async () => {
    const { client } = await create();
    const valve = client.valve('search', { modes: { normal: ({ deadline, signal }) => [deadline, signal.aborted] } });
    expect((await valve.run()).value).toEqual([Number.POSITIVE_INFINITY, false]);
  });

  test('is for fallbacks what the mode before failed with', async () => {
    const { client, clock } = await create();
    const broken = new Error('broken');
    const valve = client.valve('search', {
      modes: {
        normal: () => Promise.reject(broken),
        cached: ({ failure, deadline }) => ({ failure, deadline }),
      },
      timeoutMs: 300,
    });
    expect((await valve.run()).value).toEqual({ failure: broken, deadline: clock.now() + 100 });
  });

  test('is a signal that is aborted when time is over, with what is around the call', async () => {
    const { client, clock } = await create();
    const around = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const valve = client.valve('search', {
      modes: {
        normal: ({ signal }) =>
          new Promise<string>((_, reject) => {
            signal.addEventListener('abort', () => {
              seen.push([around.getStore(), signal.reason]);
              // Is not taken for the answer.
              reject(new Error('aborted'));
            });
          }),
      },
      timeoutMs: 300,
    });
    const runs = ['first', 'second'].map((name) => watch(around.run(name, () => valve.run())));
    await clock.advance(300);
    const reason = expect.objectContaining({ code: 'timeout' });
    expect(seen).toEqual([
      ['first', reason],
      ['second', reason],
    ]);
    expect(runs.map(({ error }) => error)).toEqual([reason, reason]);
  });

  test('is an aborted signal where it is asked for too late', async () => {
    const { client, clock } = await create();
    let late: ModeCall | undefined;
    const hang = (call: ModeCall) => {
      late = call;
      return new Promise<string>(() => undefined);
    };
    const valve = client.valve('search', { modes: { normal: hang }, timeoutMs: 300 });
    const run = watch(valve.run());
    await clock.advance(300);
    expect(run.error).toBeInstanceOf(SluiceError);
    expect(late?.signal.reason).toBe(run.error);
  });
});

type Behaviour =
  | 'answers'
  | 'answers at once'
  | 'throws'
  | 'throws at once'
  | 'hangs'
  | 'is slow'
  | 'heeds its signal'
  | 'fails late';

describe('every mode has an answer or an error in time', () => {
  const [timeoutMs, fallbackTimeoutMs] = [300, 100];
  const behaviours = [
    'answers',
    'answers at once',
    'throws',
    'throws at once',
    'hangs',
    'is slow',
    'heeds its signal',
    'fails late',
  ] as const;
  const fallbacks = ['answers', 'throws', 'throws at once', 'hangs', 'fails late'] as const;

  type Fallback = (typeof fallbacks)[number];
  /** What so many fallbacks may do, each by itself. */
  const mix = (count: number): readonly (readonly Fallback[])[] =>
    count === 0 ? [[]] : mix(count - 1).flatMap((others) => fallbacks.map((each) => [...others, each]));

  const table = order.flatMap((mode, at) =>
    behaviours.flatMap((behaviour) =>
      mix(order.length - 1 - at).map((then) => [mode, behaviour, then.join(', then ') || 'nothing', then] as const),
    ),
  );

  test.each(table)('%s that %s, and after it %s', async (mode, behaviour, _, then) => {
    const unhandled = catchUnhandled();
    const { client, clock, serve, observed } = await create();
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    const behave =
      (name: string, how: Behaviour) =>
      (call: ModeCall): unknown => {
        switch (how) {
          case 'answers':
            return Promise.resolve(name);
          case 'answers at once':
            return name;
          case 'throws':
            return Promise.reject(new Error(name));
          case 'throws at once':
            throw new Error(name);
          case 'hangs':
            return new Promise(() => undefined);
          case 'is slow':
            return wait(timeoutMs - 1).then(() => name);
          case 'heeds its signal':
            return new Promise((_, reject) =>
              call.signal.addEventListener('abort', () => reject(new Error('aborted'))),
            );
          case 'fails late':
            // Whatever its signal says, and when nobody listens any more.
            return wait(timeoutMs + 1000).then(() => Promise.reject(new Error('late')));
          default:
            return how satisfies never;
        }
      };
    serve(mode);
    const after = order.indexOf(mode) + 1;
    const modes = Object.fromEntries(
      order.map((name, at) => [name, behave(name, name === mode ? behaviour : (then[at - after] ?? 'answers'))]),
    );
    const run = watch(client.valve('search', { modes, timeoutMs, fallbackTimeoutMs }).run());

    const failsAt = {
      throws: 0,
      'throws at once': 0,
      hangs: timeoutMs,
      'heeds its signal': timeoutMs,
      'fails late': timeoutMs,
    };
    const answersAt = { answers: 0, 'answers at once': 0, 'is slow': timeoutMs - 1 };
    const isAnswered = behaviour in answersAt;
    const firstThatAnswers = then.indexOf('answers');
    const tried = isAnswered ? [] : then.slice(0, firstThatAnswers < 0 ? then.length : firstThatAnswers);
    const waits = tried.filter((each) => each === 'hangs' || each === 'fails late').length;
    const endsAt = { ...failsAt, ...answersAt }[behaviour] + waits * fallbackTimeoutMs;
    const next = firstThatAnswers < 0 ? undefined : order[after + firstThatAnswers];
    if (endsAt > 0) await clock.advance(endsAt - 1);
    await settle();
    expect(run.isSettled).toBe(endsAt === 0);
    if (endsAt > 0) await clock.advance(1);
    expect(run.isSettled).toBe(true);
    const cause = failsAt[behaviour as keyof typeof failsAt] > 0 ? 'timeout' : 'error';
    if (isAnswered) {
      expect(run.value).toEqual({ value: mode, mode, cause: mode === 'normal' ? 'normal' : 'rule' });
    } else if (next !== undefined) {
      expect(run.value).toEqual({ value: next, mode: next, cause });
      expect(observed).toMatchObject([{ mode: next, cause, outcome: 'ok', durationMs: endsAt }]);
    } else {
      expect(run.error).toMatchObject(cause === 'timeout' ? { code: 'timeout' } : { message: mode });
      expect(observed).toMatchObject([{ cause, outcome: 'failed', durationMs: endsAt }]);
    }
    // Whatever was left alone ends now, and nobody is left to hear of it.
    await clock.advance(5000);
    await settle();
    expect(unhandled).toEqual([]);
    expect(clock.waiting).toEqual([]);
  });
});

describe('fallbacks', () => {
  const failing = {
    normal: () => Promise.reject(new Error('normal')),
    cached: () => Promise.reject(new Error('cached')),
  };

  test('follow each other, towards more severity', async () => {
    const { client } = await create();
    const valve = client.valve('search', { modes: { ...failing, 'off-404': () => 'nothing' } });
    expect(await valve.run()).toEqual({ value: 'nothing', mode: 'off-404', cause: 'error' });
  });

  test('begin where onError says', async () => {
    const { client, serve } = await create();
    const called: string[] = [];
    const fail = ({ mode }: ModeCall) => {
      called.push(mode);
      throw new Error(mode);
    };
    const modes = { normal: fail, cached: fail, 'off-404': fail };
    const valve = client.valve('search', { modes, onError: 'off-404' });
    serve('normal');
    await expect(valve.run()).rejects.toThrow('normal');
    serve('cached');
    await expect(valve.run()).rejects.toThrow('cached');
    expect(called).toEqual(['normal', 'off-404', 'cached', 'off-404']);
  });

  test('have their time each by itself', async () => {
    const { client, clock } = await create();
    const fail = () => new Promise<never>((_, reject) => void clock.after(60, () => reject(new Error('slow'))));
    const valve = client.valve('search', {
      modes: { normal: answersNot, cached: fail, 'off-404': fail },
      timeoutMs: 300,
    });
    const run = watch(valve.run());
    await clock.advance(119);
    expect(run.isSettled).toBe(false);
    await clock.advance(1);
    expect(run.error).toMatchObject({
      message: 'no answer',
      fallbackErrors: [{ message: 'slow' }, { message: 'slow' }],
    });
  });

  test('that fail are told beside the first error', async () => {
    const { client } = await create();
    const cause = new Error('refused');
    const first = new Error('normal', { cause });
    const modes = { normal: () => Promise.reject(first), cached: failing.cached };
    const error: unknown = await client
      .valve('search', { modes })
      .run()
      .catch((reason: unknown) => reason);
    expect(error).toBe(first);
    expect(error).toMatchObject({ cause, fallbackErrors: [{ message: 'cached' }] });
  });

  test('that throw the first error on add nothing to it', async () => {
    const { client } = await create();
    const first = new Error('normal');
    const modes = {
      normal: () => Promise.reject(first),
      cached: ({ failure }: ModeCall) => Promise.reject(failure),
    };
    const valve = client.valve('search', { modes });
    const error: unknown = await valve.run().catch((reason: unknown) => reason);
    expect(error).toBe(first);
    expect(error).not.toHaveProperty('fallbackErrors');
  });

  test.each([
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['a text', 'no error'],
    ['nothing', undefined],
  ])('leave what was thrown as it is: %s', async (_, thrown) => {
    const { client } = await create();
    const modes = { normal: () => Promise.reject(thrown), cached: failing.cached };
    const error: unknown = await client
      .valve('search', { modes })
      .run()
      .catch((reason: unknown) => reason);
    expect(error).toBe(thrown);
  });
});

const answersNot = (): Promise<string> => Promise.reject(new Error('no answer'));

describe('a caller who goes away', () => {
  test('hears why it went, at once, and nobody takes it for a failure', async () => {
    const { client, observed, clock } = await create();
    const signals: AbortSignal[] = [];
    const modes = {
      normal: ({ signal }: ModeCall) => {
        signals.push(signal);
        return new Promise<string>(() => undefined);
      },
      cached: answers.cached,
    };
    const breaker = { volume: 3, errorPct: 50, resetMs: 10_000 };
    const valve = client.valve('search', { modes, timeoutMs: 300, breaker });
    for (let at = 0; at < 10; at++) {
      const caller = new AbortController();
      const run = watch(valve.runUntil(caller.signal));
      caller.abort('gone');
      await settle();
      expect(run).toEqual({ error: 'gone', isSettled: true });
    }
    expect(signals).toHaveLength(10);
    expect(signals.map((signal) => signal.reason)).toEqual(signals.map(() => 'gone'));
    expect(observed).toEqual([]);
    await clock.advance(5000);
    expect(clock.waiting).toEqual([]);
  });

  test('has a signal, not its controller', async () => {
    const { client } = await create();
    const run = client.valve('search', { modes: answers }).runUntil(new AbortController() as never);
    await expect(run).rejects.toMatchObject({
      code: 'invalid-options',
      message: 'valve search: signal must be an AbortSignal, such as the signal of an AbortController, got an object',
    });
  });

  test('who was gone before calls nothing', async () => {
    const { client } = await create();
    let calls = 0;
    const valve = client.valve('search', { modes: { normal: () => ++calls } });
    await expect(valve.runUntil(AbortSignal.abort('gone'))).rejects.toBe('gone');
    expect(calls).toBe(0);
  });

  test('is not served by a fallback, nor waits for one', async () => {
    const { client } = await create();
    const caller = new AbortController();
    const modes = {
      normal: () => {
        caller.abort('gone');
        throw new Error('aborted');
      },
      cached: answers.cached,
    };
    await expect(client.valve('search', { modes }).runUntil(caller.signal)).rejects.toBe('gone');
    // Nor is what it throws on its way taken for the reason, where there is no fallback.
    const leaving = new AbortController();
    const abortAndFail = () => {
      leaving.abort('gone');
      throw new Error('aborted');
    };
    const alone = client.valve('other', { modes: { normal: abortAndFail } });
    await expect(alone.runUntil(leaving.signal)).rejects.toBe('gone');
    const later = new AbortController();
    const waiting = client.valve('mail', {
      modes: { normal: answersNot, cached: () => new Promise<string>(() => undefined) },
    });
    const run = watch(waiting.runUntil(later.signal));
    await settle();
    later.abort('gone');
    await settle();
    expect(run.error).toBe('gone');
  });

  test('who stays has what others have, and nothing stays with its signal', async () => {
    const { client } = await create();
    const valve = client.valve('search', { modes: { normal: ({ signal }) => !signal.aborted } });
    const caller = new AbortController();
    const listeners: string[] = [];
    const { addEventListener, removeEventListener } = caller.signal;
    Object.assign(caller.signal, {
      addEventListener: (...given: Parameters<typeof addEventListener>) => {
        listeners.push('on');
        addEventListener.apply(caller.signal, given);
      },
      removeEventListener: (...given: Parameters<typeof removeEventListener>) => {
        listeners.push('off');
        removeEventListener.apply(caller.signal, given);
      },
    });
    expect(await valve.runUntil(caller.signal)).toMatchObject({ value: true });
    expect(listeners).toEqual(['on', 'off']);
  });
});

describe('the breaker', () => {
  const breaker = { volume: 4, errorPct: 50, resetMs: 10_000 };

  /** A valve whose normal mode does as it is told. */
  async function createGuarded(parts: Partial<ValveSettings> = {}) {
    const setting = await create();
    const dependency = { calls: 0, call: (): Promise<string> => Promise.resolve('found') };
    const normal = () => {
      dependency.calls++;
      return dependency.call();
    };
    const valve = setting.client.valve('search', {
      modes: { normal, cached: () => 'found before' },
      breaker,
      timeoutMs: 300,
      ...parts,
    });
    const runAll = async (times: number) => {
      const causes: string[] = [];
      for (let at = 0; at < times; at++) causes.push((await valve.run()).cause);
      return causes;
    };
    return { ...setting, dependency, valve, runAll };
  }

  test('opens when more than half of its volume failed, tries one call after its time, and closes', async () => {
    const { dependency, runAll, clock, valve, log } = await createGuarded();
    dependency.call = answersNot;
    expect(await runAll(3)).toEqual(['error', 'error', 'error']);
    expect(await runAll(3)).toEqual(['error', 'breaker', 'breaker']);
    expect(dependency.calls).toBe(4);
    await clock.advance(9999);
    expect(await runAll(1)).toEqual(['breaker']);
    await clock.advance(1);
    // Whoever was gone before does not try for others.
    await expect(valve.runUntil(AbortSignal.abort('gone'))).rejects.toBe('gone');
    // Half open: one call tries, the others do not wait for it.
    const { promise, resolve: answer } = Promise.withResolvers<string>();
    dependency.call = () => promise;
    const trying = watch(valve.run());
    expect(await runAll(2)).toEqual(['breaker', 'breaker']);
    answer('found');
    await settle();
    expect(trying.value).toMatchObject({ mode: 'normal', cause: 'normal' });
    expect(dependency.calls).toBe(5);
    dependency.call = () => Promise.resolve('found');
    expect(await runAll(2)).toEqual(['normal', 'normal']);
    expect(log.lines.filter((line) => line.includes('breaker'))).toEqual([
      'warn: valve search: the breaker opens for 10000 ms',
      'info: valve search: the breaker closes',
    ]);
  });

  test('opens again when the call that tries fails, whatever happens to the time of day', async () => {
    const { dependency, runAll, clock } = await createGuarded();
    dependency.call = answersNot;
    await runAll(4);
    clock.setTimeOfDay(0);
    await clock.advance(10_000);
    expect(await runAll(2)).toEqual(['error', 'breaker']);
    clock.setTimeOfDay(4_000_000_000_000);
    expect(await runAll(1)).toEqual(['breaker']);
    await clock.advance(10_000);
    dependency.call = () => Promise.resolve('found');
    expect(await runAll(1)).toEqual(['normal']);
  });

  test('is not closed by a call that tries and whose caller goes away', async () => {
    const { dependency, runAll, clock, valve } = await createGuarded();
    dependency.call = answersNot;
    await runAll(4);
    await clock.advance(10_000);
    dependency.call = () => new Promise(() => undefined);
    const caller = new AbortController();
    const run = watch(valve.runUntil(caller.signal));
    caller.abort('gone');
    await settle();
    expect(run.error).toBe('gone');
    expect(await runAll(1)).toEqual(['breaker']);
  });

  test('is not kept half open by a call that tries and hangs, where there is no timeout', async () => {
    const { client, clock, observed } = await create();
    let call = answersNot;
    const valve = client.valve('search', { modes: { normal: () => call(), cached: answers.cached }, breaker });
    for (let at = 0; at < 4; at++) await valve.run();
    await clock.advance(10_000);
    call = () => new Promise(() => undefined);
    const trying = watch(valve.run());
    await clock.advance(10_000);
    expect(trying.value).toMatchObject({ mode: 'cached', cause: 'timeout' });
    await clock.advance(10_000);
    call = () => Promise.resolve('found');
    expect((await valve.run()).cause).toBe('normal');
    // Closed it limits nothing.
    call = () => new Promise<string>((resolve) => void clock.after(3_600_000, () => resolve('found at last')));
    const slow = watch(valve.run());
    await clock.advance(3_600_000);
    expect(slow.value).toMatchObject({ value: 'found at last' });
    expect(observed.at(-1)).toMatchObject({ outcome: 'ok', durationMs: 3_600_000 });
  });

  test('counts what takes too long', async () => {
    const { dependency, runAll, clock, valve } = await createGuarded();
    dependency.call = () => new Promise(() => undefined);
    const runs = Array.from({ length: 4 }, () => watch(valve.run()));
    await clock.advance(300);
    expect(runs.map(({ value }) => value?.cause)).toEqual(Array(4).fill('timeout'));
    expect(await runAll(1)).toEqual(['breaker']);
  });

  test('stays closed while half of its calls fail', async () => {
    const { dependency, runAll } = await createGuarded();
    dependency.call = () => (dependency.calls % 2 === 0 ? answersNot() : Promise.resolve('found'));
    expect(new Set(await runAll(100))).toEqual(new Set(['normal', 'error']));
  });

  test('has no say in degraded modes, and is not told of them', async () => {
    const { client, serve } = await create();
    const valve = client.valve('search', {
      modes: { normal: answers.normal, cached: answersNot, 'off-404': answers['off-404'] },
      breaker,
    });
    serve('cached');
    for (let at = 0; at < 10; at++) expect((await valve.run()).cause).toBe('error');
    serve('normal');
    expect((await valve.run()).cause).toBe('normal');
  });

  test('fails what it keeps away where there is no fallback', async () => {
    const { client } = await create();
    const valve = client.valve('search', { modes: { normal: answersNot }, breaker });
    for (let at = 0; at < 4; at++) await expect(valve.run()).rejects.toThrow('no answer');
    await expect(valve.run()).rejects.toMatchObject({
      code: 'breaker-open',
      message: 'valve search: the breaker of mode "normal" is open',
    });
  });

  test('can be left out', async () => {
    const { dependency, runAll } = await createGuarded({ breaker: false });
    dependency.call = answersNot;
    expect(new Set(await runAll(100))).toEqual(new Set(['error']));
  });
});

describe('a mode that this build does not have', () => {
  const few = { normal: answers.normal, 'off-404': answers['off-404'] };

  test('goes to the next more severe one, and is refused as soon as the flag may serve it, until it may not', async () => {
    const { client, serve, log } = await create();
    const valve = client.valve('search', { modes: few });
    expect(client.status.refused).toEqual([]);
    serve('normal', [ruleFor('42', 'cached')]);
    const reason = 'mode "cached" is not in this build; it serves "off-404"';
    expect(client.status.refused).toEqual([{ kind: 'flag', key: 'search', version: 2, reason }]);
    expect(log.lines).toEqual([`warn: valve search: ${reason}`]);
    expect(await valve.run(account('42'))).toEqual({
      value: 'nothing',
      mode: 'off-404',
      cause: 'rule',
      ruleId: 'for 42',
    });
    expect(valve.mode(account('42'))).toBe('off-404');
    expect((await valve.run()).mode).toBe('normal');
    serve('normal');
    expect(client.status.refused).toEqual([]);
  });

  test('is refused also by a valve that is made when the flag is there', async () => {
    const { client, serve } = await create();
    serve('cached');
    client.valve('search', { modes: few });
    expect(client.status.refused).toMatchObject([{ key: 'search', version: 2 }]);
  });

  test('is told to the log once for each reason, whatever is asked meanwhile', async () => {
    const { client, serve, log } = await create();
    const valve = client.valve('search', { modes: few });
    serve('cached');
    serve('cached', [ruleFor('42', 'normal')]);
    // What cannot be a context is about nobody: it gets the normal mode, as does everybody without a flag.
    const broken = { kind: 'account' } as never;
    expect([valve.mode(broken), valve.mode(broken)]).toEqual(['normal', 'normal']);
    expect(log.lines).toEqual(['warn: valve search: mode "cached" is not in this build; it serves "off-404"']);
    expect(client.status.refused).toMatchObject([{ version: 3 }]);
  });

  test('is refused no more when the flag is gone', async () => {
    const { client, serve, testData } = await create();
    client.valve('search', { modes: few });
    serve('cached');
    testData.remove('search');
    expect(client.status.refused).toEqual([]);
  });

  test('does not make a rule of the normal one: what answers says why that was served', async () => {
    const { client, serve, observed } = await create();
    const valve = client.valve('search', { modes: { cached: answers.cached } });
    serve('normal');
    expect(await valve.run()).toEqual({ value: 'found before', mode: 'cached', cause: 'normal' });
    expect(observed).toMatchObject([{ mode: 'cached', cause: 'normal' }]);
  });

  test('fails for the cause that it was served for', async () => {
    const { client, serve, observed } = await create();
    const valve = client.valve('search', { modes: { other: answers.cached } });
    serve('normal');
    await expect(valve.run()).rejects.toMatchObject({ code: 'mode-missing' });
    expect(observed).toMatchObject([{ cause: 'normal', outcome: 'failed' }]);
  });

  test('fails where nothing is more severe, as what is less severe may be what had to be stopped', async () => {
    const { client, serve, observed } = await create();
    const valve = client.valve('search', { modes: { normal: answers.normal } });
    serve('off-404');
    await expect(valve.run()).rejects.toMatchObject({
      code: 'mode-missing',
      message: 'valve search: mode "off-404" is not in this build, nor is one that is more severe',
    });
    expect(valve.mode()).toBe('off-404');
    expect(client.status.refused).toMatchObject([{ reason: 'mode "off-404" is not in this build; it fails' }]);
    expect(observed).toMatchObject([{ mode: 'off-404', cause: 'rule', outcome: 'failed' }]);
  });

  test('is done by the most severe one there is where the program says so', async () => {
    const { client, serve } = await create();
    const modes = { normal: answers.normal, cached: answers.cached };
    const valve = client.valve('search', { modes, onMissing: 'last' });
    serve('off-404');
    expect(await valve.run()).toEqual({ value: 'found before', mode: 'cached', cause: 'rule' });
  });

  test('in the flag, the other way round, is worth one line', async () => {
    const { client, serve, log } = await create();
    client.valve('search', { modes: { ...answers, stale: answers.cached } });
    serve('normal');
    serve('cached');
    expect(log.lines).toEqual([
      'warn: valve search: mode "stale" is in this build, but not in the flag: no rule can serve it',
    ]);
    expect(client.status.refused).toEqual([]);
  });
});

describe('what is observed of a call', () => {
  test('is what became of it, whom and what it was for, and how long it took', async () => {
    const { client, serve, observed, clock } = await create();
    const wait = (ms: number) => new Promise<string>((resolve) => void clock.after(ms, () => resolve('found')));
    const valve = client.valve('search', { modes: { normal: () => wait(20), cached: answers.cached } });
    serve('normal', [ruleFor('42', 'cached')]);
    const request = { route: '/items/:id', method: 'GET', key: 'r-1' };
    const run = watch(valve.run({ kind: 'multi', account: { key: '7' }, request }));
    await clock.advance(20);
    expect(run.isSettled).toBe(true);
    await valve.run(account('42'));
    // Whom nothing is known of, in every form that a context may have.
    const legacy = watch(valve.run({ key: 'legacy' }));
    await clock.advance(20);
    expect(legacy.isSettled).toBe(true);
    const call = {
      valve: 'search',
      mode: 'normal',
      cause: 'normal',
      outcome: 'ok',
      account: undefined,
      route: undefined,
    };
    expect(observed).toEqual([
      { ...call, durationMs: 20, account: '7', route: '/items/:id' },
      { ...call, mode: 'cached', cause: 'rule', durationMs: 0, account: '42' },
      { ...call, durationMs: 20 },
    ]);
  });
});

test('whoever is told of calls cannot break them', async () => {
  const { client, observed, log } = await create();
  observed.push = () => {
    throw new Error('full');
  };
  expect(await client.valve('search', { modes: answers }).run()).toMatchObject({ value: 'found' });
  expect(log.lines).toEqual(['error: valve search: whoever is told of calls failed: Error: full']);
});

describe('a valve', () => {
  test('leaves nothing behind: 10,000 calls', async () => {
    const { client, clock } = await create();
    const valve = client.valve('search', {
      modes: { normal: async () => 'found', cached: answers.cached },
      timeoutMs: 300,
    });
    for (let at = 0; at < 100; at++) await Promise.all(Array.from({ length: 100 }, () => valve.run()));
    expect(clock.waiting).toEqual([300]);
    await clock.advance(100);
    await valve.run();
    await clock.advance(200);
    // Of the last call nothing is left to wait for.
    expect(clock.waiting).toEqual([]);
  });

  /** What a program prints, once it has ended by itself. */
  const print = async (program: string): Promise<string> => {
    const sdk = new URL('../index.ts', import.meta.url).href;
    const source = `import { createClient, TestData } from ${JSON.stringify(sdk)};
      const client = createClient({ testData: new TestData() });
      ${program}`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
      timeout: 20_000,
    });
    return stdout;
  };

  test('keeps its process until a mode that hangs is out of time', async () => {
    const program = `const valve = client.valve('search', { modes: { normal: () => new Promise(() => {}) }, timeoutMs: 20 });
      console.log(await valve.run().catch(({ code }) => code));`;
    expect(await print(program)).toBe('timeout\n');
  });

  test('lets its process end as soon as no mode is at work', async () => {
    const program = `const valve = client.valve('search', { modes: { normal: async () => 'found' }, timeoutMs: 2 ** 31 - 1 });
      console.log((await valve.run()).value, (await valve.run()).value);`;
    expect(await print(program)).toBe('found found\n');
  });

  test('is made once', async () => {
    const { client } = await create();
    client.valve('search', { modes: answers });
    expect(() => client.valve('search', { modes: answers })).toThrow(
      expect.objectContaining({
        code: 'invalid-options',
        message: expect.stringContaining('valve search is there already'),
      }),
    );
  });

  const none = (): undefined => undefined;
  test.each<[Partial<ValveSettings>, string]>([
    [undefined as never, 'valve search: options must be an object with modes, got undefined'],
    [{ modes: undefined as never }, 'valve search: modes must be an object of functions, got undefined'],
    [{ modes: ['normal'] as never }, 'valve search: modes must be an object of functions, got an array'],
    ...[null, true, 5].map((breaker): [Partial<ValveSettings>, string] => [
      { breaker: breaker as never },
      `valve search: breaker must be an object, or false for none, got ${breaker}`,
    ]),
    [{ modes: {} }, 'valve search: modes must have at least one mode, got none'],
    [
      { modes: { normal: none, '404': none } },
      'valve search: modes must not have a name that is an integer, which JavaScript would put first, got "404"',
    ],
    [{ timeoutMs: 0 }, 'valve search: timeoutMs must be milliseconds above 0 and at most 2147483647, got 0'],
    [{ timeoutMs: Number.NaN }, 'valve search: timeoutMs must be milliseconds above 0 and at most 2147483647, got NaN'],
    [
      { fallbackTimeoutMs: Number.POSITIVE_INFINITY },
      'valve search: fallbackTimeoutMs must be milliseconds above 0 and at most 2147483647, got Infinity',
    ],
    [
      { timeoutMs: '300' as never },
      'valve search: timeoutMs must be milliseconds above 0 and at most 2147483647, got "300"',
    ],
    [{ onError: 'cached' }, 'valve search: onError must be one of the modes (normal), got "cached"'],
    [{ breaker: { volume: 0 } }, 'valve search: breaker.volume must be an integer above 0, got 0'],
    [{ breaker: { errorPct: 100 } }, 'valve search: breaker.errorPct must be above 0 and below 100, got 100'],
    [
      { breaker: { errorPct: '50' as never } },
      'valve search: breaker.errorPct must be above 0 and below 100, got "50"',
    ],
    ...[0, 1e12, '10000' as never].map((resetMs): [Partial<ValveSettings>, string] => [
      { breaker: { resetMs } },
      `valve search: breaker.resetMs must be milliseconds above 0 and at most 2147483647, got ${JSON.stringify(resetMs)}`,
    ]),
  ])('whose options cannot be right is not made: %j', async (settings, message) => {
    const { client } = await create();
    // Names of modes are not known to the type here.
    const options = (settings && { modes: { normal: none }, ...settings }) as Parameters<typeof client.valve>[1];
    expect(() => client.valve('search', options)).toThrow(
      expect.objectContaining({ code: 'invalid-options', message }),
    );
  });

  test('has the types of its functions', async () => {
    const { client } = await create();
    const valve = client.valve('search', {
      modes: {
        normal: async (_, query: string) => [query],
        cached: (_, query: string) => query.length,
        off: () => undefined,
      },
    });
    const { value } = await valve.run(undefined, 'boots');
    expect(value satisfies string[] | number | undefined).toEqual(['boots']);
    // @ts-expect-error: functions take a text.
    await valve.run(undefined, 7);
    // @ts-expect-error: and only that.
    await valve.run(undefined, 'boots', 7);
  });
});

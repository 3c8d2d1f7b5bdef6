import { createClient, type ModeCall, TestData, type ValveSettings } from '@sluice/sdk-node';
import { CountBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import CircuitBreaker from 'opossum';
import type { ServerProcess } from '../server-process.ts';

/** One way of making the call that is measured. */
export interface Subject {
  readonly name: string;
  /** What the calls are made within. */
  readonly around?: (calls: () => Promise<void>) => Promise<void>;
  call(account: { readonly kind: string; readonly key: string }): Promise<unknown>;
  close(): Promise<void>;
}

/** Long enough to be over never. */
const timeoutMs = 10_000;

/** What valves, and others, are put around: it answers in the next microtask, so that all else is overhead. */
async function work(): Promise<string> {
  return 'found';
}

const modes = { normal: work, cached: work, 'off-404': work };

/** As functions do that hand their signal on; not making one is what the others save. */
async function heed({ signal }: ModeCall): Promise<string> {
  return signal.aborted ? '' : 'found';
}

const heeding = { normal: heed, cached: heed, 'off-404': heed };

/** Every third of three accounts is degraded. */
export const accounts = ['7', '8', '42'].map((key) => ({ kind: 'account', key }));

/**
 * The call itself, ours around it in several ways, and what peers put around it. Those of ours that are told to
 * telemetry have their valves from a server, which adds up what it is told.
 */
export async function createSubjects(server: ServerProcess): Promise<readonly Subject[]> {
  const nothing = async (): Promise<void> => undefined;
  const breaker = () =>
    circuitBreaker(handleAll, {
      halfOpenAfter: 10_000,
      breaker: new CountBreaker({ threshold: 0.5, size: 20, minimumNumberOfCalls: 20 }),
    });
  const alone = breaker();
  const withTimeout = wrap(breaker(), timeout(timeoutMs, TimeoutStrategy.Aggressive));
  const opossum = (limit: number | false) =>
    new CircuitBreaker(work, {
      timeout: limit,
      volumeThreshold: 20,
      errorThresholdPercentage: 50,
      resetTimeout: 10_000,
    });
  const [fired, firedWithTimeout] = [opossum(false), opossum(timeoutMs)];
  return [
    { name: 'bare call', call: work, close: nothing },
    await createValve('normal', { rules: 0 }, { modes }),
    await createValve('normal, timeout', { rules: 0 }, { modes, timeoutMs }),
    await createValve('normal, timeout, with its signal', { rules: 0 }, { modes: heeding, timeoutMs }),
    await createValve('normal, timeout, telemetry', { rules: 0, server }, { modes, timeoutMs }),
    await createValve('tripped for one account', { rules: 1 }, { modes }),
    await createValve('tripped for one account, timeout, telemetry', { rules: 1, server }, { modes, timeoutMs }),
    await createValve('tripped, timeout, telemetry, in a job', { rules: 1, server, inJob: true }, { modes, timeoutMs }),
    { name: 'cockatiel breaker', call: () => alone.execute(work), close: nothing },
    { name: 'cockatiel breaker, timeout', call: () => withTimeout.execute(work), close: nothing },
    { name: 'opossum', call: () => fired.fire(), close: async () => fired.shutdown() },
    { name: 'opossum, timeout', call: () => firedWithTimeout.fire(), close: async () => firedWithTimeout.shutdown() },
  ];
}

const definition = { on: true, variations: Object.keys(modes), fallthrough: { variation: 0 } };
const when = [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }] as const;
const tripped = { id: 'for-42', clauses: when, variation: 1 };

const keys = ['search', 'search-tripped'] as const;

/** Calls through valves that the server was told of. */
export async function countCalls({ api }: ServerProcess): Promise<number> {
  const counted = keys.map(async (key) => {
    const path = `/projects/default/environments/production/flags/${key}/telemetry`;
    // The server is ours; there is no valve where nothing was counted.
    const { valve } = (await api('GET', path)) as { readonly valve?: { readonly calls: readonly { count: number }[] } };
    return valve?.calls ?? [];
  });
  return (await Promise.all(counted)).flat().reduce((sum, { count }) => sum + count, 0);
}

/** Makes the valves in the server that those subjects have which are told to telemetry. */
export async function createFlags({ api }: ServerProcess): Promise<void> {
  const variations = Object.keys(modes).map((value) => ({ value }));
  for (const key of keys) await api('POST', '/projects/default/flags', { key, kind: 'valve', variations });
  await api('POST', '/projects/default/environments/production/changes', {
    flag: 'search-tripped',
    instructions: [{ kind: 'trip', mode: 'cached', when, reason: 'to be measured' }],
  });
}

async function createValve(
  name: string,
  {
    rules,
    server,
    inJob = false,
  }: { readonly rules: 0 | 1; readonly server?: ServerProcess; readonly inJob?: boolean },
  options: ValveSettings,
): Promise<Subject> {
  const key = keys[rules];
  const client =
    server === undefined
      ? createClient({ testData: new TestData().setFlag({ ...definition, key, rules: [tripped].slice(0, rules) }) })
      : createClient({ url: server.url, sdkKey: server.sdkKey, cacheFolder: false });
  await client.ready();
  const valve = client.valve(key, options);
  // Whatever is measured is to be what its name says.
  const expected = rules > 0 ? 'rule cached' : 'normal normal';
  const { cause, mode } = await valve.run(accounts[2]);
  if (`${cause} ${mode}` !== expected) throw new Error(`${name}: expected ${expected}, got ${cause} ${mode}`);
  const subject = { name: `valve, ${name}`, close: () => client.close() };
  if (!inJob) return { ...subject, call: (account) => valve.run(account) };
  return {
    ...subject,
    // Whom it is for is known there.
    call: () => valve.run(),
    around: (calls) =>
      client.job('bench', () => {
        client.enrich({ account: { key: '42' } });
        return calls();
      }),
  };
}

import { SubjectTally, TelemetryWindow } from '@sluice/protocol';
import { Telemetry, type ValveCall } from '@sluice/sdk-common';
import type { Benchmark } from './benchmark.ts';
import { countBytes, type Effort, type Run, time, warmUp } from './evaluation/measure.ts';
import { formatNumber } from './table.ts';

/** Calls of one pass. */
const calls = 10_000;
const valves = listNames(20, (at) => `valve-${at}`);
const routes = listNames(30, (at) => `/routes/${at}/:id`);
const accounts = listNames(40, (at) => `account-${at}`);
/** More than any sketch keeps: each takes the place of another one. */
const anybody = listNames(100_000, (at) => `account-${at}`);

function listNames(count: number, nameOf: (at: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, at) => nameOf(at));
}

function createTelemetry(): Telemetry {
  // Windows never close, as if all of this was in one.
  return new Telemetry(
    async () => true,
    { elapsed: () => 0, after: () => () => undefined },
    () => 5000,
  );
}

/** Counts calls, or requests, one after the other; what is given is made once, as nothing else is to be measured. */
function countWith<Call>(count: (call: Call) => void, given: readonly Call[]): Run {
  return (passes) => {
    for (let pass = 0; pass < passes; pass++) {
      // The index is one of the list.
      for (let at = 0; at < calls; at++) count(given[(pass * calls + at) % given.length] as Call);
    }
    return passes;
  };
}

function callsOf(who: readonly string[]): readonly ValveCall[] {
  return who.map((account, at) => ({
    valve: valves[at % valves.length] ?? '',
    mode: 'normal',
    cause: 'normal',
    outcome: 'ok',
    durationMs: (at % 1000) / 7,
    account,
    route: routes[at % routes.length],
  }));
}

/** A window of ten valves and twenty routes, with a hundred calls each, as it comes to the server. */
function createEncodedWindow(): unknown {
  const window = new TelemetryWindow();
  for (let at = 0; at < 3000; at++) {
    const tally = at % 3 === 0 ? window.find('valve', `valve-${at % 10}`) : window.find('route', `/routes/${at % 20}`);
    if (at % 3 === 0) tally?.count('normal', 'normal', 'ok', (at * 7) % 200);
    else tally?.count('GET', 'ok', '', (at * 7) % 200);
    tally?.countAccount(`account-${(at * at) % 1000}`);
    if (at % 3 === 0) tally?.countRoute(`/routes/${at % 20}`);
  }
  return JSON.parse(JSON.stringify(window.encode()));
}

/** Adds a window up as the server does. */
function addUpWindows(encoded: unknown): Run {
  const sums = new Map<string, SubjectTally>();
  return (passes) => {
    for (let pass = 0; pass < passes; pass++) {
      for (const tally of TelemetryWindow.parse(encoded).window.list()) {
        const named = `${tally.kind} ${tally.key}`;
        const sum = sums.get(named) ?? new SubjectTally(tally.kind, tally.key);
        sums.set(named, sum);
        sum.merge(tally);
      }
    }
    return passes;
  };
}

/** What it costs an application to be counted, and a server to add it up. */
export const telemetry: Benchmark = {
  run: async ({ quick, onProgress }) => {
    const effort: Effort = quick
      ? { warmUpMs: 50, sampleMs: 10, samples: 3, countedPasses: 2 }
      : { warmUpMs: 1000, sampleMs: 100, samples: 31, countedPasses: 50 };
    const [one, other, third] = [createTelemetry(), createTelemetry(), createTelemetry()];
    const requests = accounts.map((_, at) => ({
      route: routes[at % routes.length],
      method: 'GET',
      status: 200,
      durationMs: at,
      account: accounts[at % 8],
    }));
    const subjects: readonly { readonly subject: string; readonly run: Run; readonly perPass: number }[] = [
      { subject: 'call of a valve', run: countWith((call) => one.valveCall(call), callsOf(accounts)), perPass: calls },
      {
        subject: 'call of a valve by one of 100,000 accounts',
        run: countWith((call) => other.valveCall(call), callsOf(anybody)),
        perPass: calls,
      },
      { subject: 'request', run: countWith((request) => third.request(request), requests), perPass: calls },
      { subject: 'window at the server', run: addUpWindows(createEncodedWindow()), perPass: 1 },
    ];
    const rows: { readonly subject: string; readonly ns: number; readonly bytes: number }[] = [];
    for (const { subject, run, perPass } of subjects) {
      onProgress(subject);
      const passMs = await warmUp(run, effort);
      const ns = await time(run, perPass, passMs, effort);
      rows.push({ subject, ns, bytes: await countBytes(run, perPass, passMs, effort) });
    }
    return {
      rows,
      measures: Object.fromEntries(
        rows.flatMap(({ subject, ns, bytes }) => [
          [`${subject}: ns`, ns],
          [`${subject}: bytes`, bytes],
        ]),
      ),
      tables: [
        {
          title: 'Counting and adding up',
          header: ['', 'ns', 'bytes'],
          rows: rows.map(({ subject, ns, bytes }) => [subject, formatNumber(ns), formatNumber(bytes)]),
        },
      ],
    };
  },
};

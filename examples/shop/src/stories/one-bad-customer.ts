import { badCustomer, createCustomers } from '../load/customers.ts';
import type { Answer } from '../load/load.ts';
import { quantile } from '../load/quantile.ts';
import { place } from '../setup.ts';
import { changeEverywhere } from './change-everywhere.ts';
import type { Stage } from './stage.ts';

export interface BadCustomerOptions {
  readonly customers: number;
  /** Between two requests of a customer. */
  readonly pauseMs: number;
  /** How many requests the bad customer has on their way at a time. */
  readonly badInFlight: number;
}

/** Account 42 makes search slow for everybody: who is it, and how does everybody else get it back? */
export async function oneBadCustomer(stage: Stage, options: BadCustomerOptions) {
  const { api, say, now } = stage;
  const others = createCustomers(options.customers, options.pauseMs);
  const bad = { ...badCustomer, inFlight: options.badInFlight };

  const before = await stage.shopping(others, (watch) => watch());
  let trippedAt = 0;
  let servedAt = 0;
  let top: readonly string[] = [];
  const during = await stage.shopping([...others, bad], async (watch) => {
    await watch();
    await stage.counted();
    const { valve } = await api.getTelemetry(place, 'search', '5m');
    top = valve?.accounts.map(({ account }) => account) ?? [];
    say(`top accounts of search: ${top.slice(0, 3).join(', ')}`);
    trippedAt = now();
    await changeEverywhere(api, {
      flag: 'search',
      instructions: [
        {
          kind: 'trip',
          mode: 'off-404',
          when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }],
          reason: '42 makes search slow for everybody',
          expiresInMs: 1_800_000,
        },
      ],
    });
    servedAt = now();
    await watch();
  });
  await changeEverywhere(api, { flag: 'search', instructions: [{ kind: 'restore' }] });
  const after = await stage.shopping([{ ...bad, inFlight: 1 }], async () => undefined);

  const ofOthers = [...before, ...during].filter(({ account }) => account !== '42');
  const ofBad = during.filter(({ account }) => account === '42');
  const proof = {
    topAccount: top[0],
    /** What 42 got for what it asked once the change was everywhere. */
    statusesOfBad: distinct(ofBad.filter(({ startedAt }) => startedAt > servedAt).map(({ status }) => status)),
    retryAfter: distinct(ofBad.filter(({ status }) => status === 404).map((answer) => answer.retryAfter)),
    /** How many answers to others were 404. */
    othersNotFound: ofOthers.filter(({ status }) => status === 404).length,
    restored: distinct(after.map(({ status }) => status)),
  };
  const figures = measure(
    during.filter(({ account }) => account !== '42'),
    trippedAt,
    p99Of(before),
  );
  say(
    `p99 of the others: ${figures.aloneMs.toFixed(0)} ms alone, ${figures.withBadMs.toFixed(0)} ms with 42, ${figures.afterMs.toFixed(0)} ms after the trip`,
  );
  say(`tripped everywhere after ${(servedAt - trippedAt).toFixed(0)} ms; recovered after ${figures.recoveredMs} ms`);
  return { proof, figures };
}

/** What has to come true. */
export const badCustomerProof = {
  topAccount: '42',
  statusesOfBad: [404],
  retryAfter: ['30'],
  othersNotFound: 0,
  restored: [200],
};

const sliceMs = 250;

function measure(answers: readonly Answer[], trippedAt: number, aloneMs: number) {
  const withBadMs = p99Of(answers.filter(({ startedAt }) => startedAt < trippedAt));
  // Recovered is whose p99 is down to a quarter of what it was with 42, or near what it was without.
  const slowMs = Math.max(withBadMs / 4, 2 * aloneMs);
  const slices = [...Map.groupBy(answers, ({ startedAt }) => Math.floor((startedAt - trippedAt) / sliceMs))];
  const slow = slices.filter(([slice, ofSlice]) => slice >= 0 && p99Of(ofSlice) > slowMs);
  const recoveredMs = (1 + Math.max(-1, ...slow.map(([slice]) => slice))) * sliceMs;
  const afterMs = p99Of(answers.filter(({ startedAt }) => startedAt > trippedAt + recoveredMs));
  return { aloneMs, withBadMs, afterMs, recoveredMs };
}

function p99Of(answers: readonly Answer[]): number {
  return quantile(
    answers.map(({ tookMs }) => tookMs),
    0.99,
  );
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}

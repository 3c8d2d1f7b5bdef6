import type { ValveRowView } from '@sluice/api-client';
import type { EncodedSubject } from '@sluice/protocol';
import { TopKeys } from '@sluice/stats';
import type { Reads } from '../database/schema.ts';
import { isWithin, type Span, spanOf } from '../telemetry/telemetry-queries.ts';

const minuteMs = 60_000;
const shownMs = 180 * minuteMs;
const barMs = 3 * minuteMs;
const latelyMs = 5 * minuteMs;
const accountsTold = 5;

type Cause = 'normal' | 'trip' | 'breaker' | 'error';

/** What was counted of a valve lately. */
export type ValveCalls = Pick<ValveRowView, 'calls' | 'lately'>;

interface Asked {
  readonly environmentId: string;
  /** Of each its normal mode. */
  readonly normalOf: ReadonlyMap<string, string>;
  /** Of which the accounts are told. */
  readonly withAccounts: ReadonlySet<string>;
  readonly now: number;
}

/** Calls through valves over three hours, and of the last five minutes by mode and account. */
export async function readValveCalls(reads: Reads, asked: Asked): Promise<(key: string) => ValveCalls> {
  const { normalOf, withAccounts, now } = asked;
  // By whole minutes up to now: only the last minute of the last bar is not over.
  const from = now - (now % minuteMs) - shownMs + minuteMs;
  const long = { ...spanOf(now, shownMs, shownMs / minuteMs), from };
  const bars = new Map<string, Record<Cause, number[]>>();
  for (const { key, start, subject } of await listSubjects(reads, asked, long)) {
    const own = bars.get(key) ?? createBars();
    bars.set(key, own);
    const bar = Math.floor((start - from) / barMs);
    for (const [, cause, count] of listCells(subject, normalOf.get(key))) {
      own[cause][bar] = addUp(own[cause][bar], count);
    }
  }
  const recent = spanOf(now, latelyMs, latelyMs / 10_000);
  const lately = new Map<string, { modes: Map<string, number>; accounts: TopKeys }>();
  for (const { key, subject } of await listSubjects(reads, asked, recent)) {
    const own = lately.get(key) ?? { modes: new Map(), accounts: new TopKeys(50) };
    lately.set(key, own);
    for (const [mode, , count] of listCells(subject, normalOf.get(key))) {
      own.modes.set(mode, addUp(own.modes.get(mode), count));
    }
    const accounts = withAccounts.has(key) ? TopKeys.parse(subject.accounts, 50) : undefined;
    if (accounts !== undefined) own.accounts.merge(accounts);
  }
  return (key) => {
    const { modes = new Map<string, number>(), accounts } = lately.get(key) ?? {};
    const all = [...modes.values()].reduce((sum, count) => sum + count, 0);
    const shareOf = (count: number): number => (all === 0 ? 0 : Math.min(1, count / all));
    return {
      calls: { from, stepMs: barMs, ...(bars.get(key) ?? createBars()) },
      lately: {
        perSecond: all / ((now - recent.from) / 1000),
        modes: [...modes]
          .sort(([one, many], [other, few]) => few - many || (one < other ? -1 : 1))
          .map(([mode, count]) => ({ mode, share: shareOf(count) })),
        accounts: (accounts?.list() ?? [])
          .slice(0, accountsTold)
          .map(({ key: account, count }) => ({ account, share: shareOf(count) })),
      },
    };
  };
}

function createBars(): Record<Cause, number[]> {
  const none = (): number[] => Array.from({ length: shownMs / barMs }, () => 0);
  return { normal: none(), trip: none(), breaker: none(), error: none() };
}

/** What is stored of the valves, and of providers that are valves; each row by itself. */
async function listSubjects(reads: Reads, { environmentId, normalOf }: Asked, span: Span) {
  const keys = [...normalOf.keys()];
  if (keys.length === 0) return [];
  const rows = await reads
    .selectFrom('telemetry')
    .select(['key', 'start', 'tallyJson'])
    .where('environmentId', '=', environmentId)
    .where('kind', 'in', ['valve', 'providers'])
    .where('key', 'in', keys)
    .where(isWithin(span))
    .where('start', '<=', span.to)
    .execute();
  // Written by this program.
  return rows.map(({ key, start, tallyJson }) => ({ key, start, subject: JSON.parse(tallyJson) as EncodedSubject }));
}

/**
 * Mode, cause and how many calls. Durations are not of interest here: of a histogram only the counts are read, every
 * second number of its encoding, as decoding the thousands of them that make a board would take a second.
 */
function listCells(
  { kind, cells }: EncodedSubject,
  normal: string | undefined,
): readonly (readonly [mode: string, cause: Cause, count: number])[] {
  return cells.map(([mode, second, third, durations]) => {
    const count = durations.reduce((sum, number, at) => (at % 2 === 1 ? addUp(sum, number) : sum), 0);
    if (kind === 'providers') {
      return [mode, second !== 'sent' ? 'error' : mode === normal ? 'normal' : 'trip', count];
    }
    return [mode, causeOf(second, third), count];
  });
}

function causeOf(cause: string, outcome: string): Cause {
  if (outcome === 'failed' || cause === 'error' || cause === 'timeout') return 'error';
  if (cause === 'breaker') return 'breaker';
  return cause === 'rule' ? 'trip' : 'normal';
}

/** What somebody made up must not grow beyond what can be told. */
function addUp(one: number | undefined, other: number): number {
  return Math.min((one ?? 0) + other, Number.MAX_SAFE_INTEGER);
}

import type { ConvergenceView } from '@sluice/api-client';
import type { Option } from './command.ts';
import type { Connection } from './connection.ts';
import { exitCodes, usageError } from './errors.ts';
import type { Output } from './output.ts';
import { formatAgo, formatSpan, parseSpan, type SpanFormat } from './span.ts';
import { formatTable } from './table.ts';

/** Options of whatever waits until instances have a change. */
export const waitOptions = {
  for: { type: 'string', value: 'all|99', help: 'all instances, or 99 of 100; all unless given' },
  timeout: { type: 'string', value: 'TIME', help: 'give up after so long: 500ms, 5s, 2m; 5s unless given' },
  'include-delivered': { type: 'boolean', help: "wait for other vendors' SDKs too, until the change was sent to them" },
} as const satisfies Record<string, Option>;

export interface WaitValues {
  readonly for?: string | undefined;
  readonly timeout?: string | undefined;
  readonly 'include-delivered'?: boolean | undefined;
}

export interface Waiting {
  readonly wait: 'all' | '99';
  readonly timeoutMs: number;
  readonly includeDelivered: boolean;
}

/** The server waits at most this long at a time. */
const longestWaitMs = 60_000;
const stragglersShown = 20;

const timeoutFormat: SpanFormat = { units: ['ms', 's', 'm', 'h'], unit: 's', examples: '500ms, 5s or 2m' };

export function parseWaiting({
  for: goal = 'all',
  timeout = '5s',
  'include-delivered': included,
}: WaitValues): Waiting {
  if (goal !== 'all' && goal !== '99') throw usageError(`--for must be all or 99, got "${goal}"`);
  return { wait: goal, timeoutMs: parseSpan('--timeout', timeout, timeoutFormat), includeDelivered: included === true };
}

/** Waits until instances have a change; resolves with the last that was heard of it. */
export async function waitForInstances(
  { api, place }: Pick<Connection, 'api' | 'place'>,
  change: string,
  { wait, timeoutMs, includeDelivered }: Waiting,
): Promise<ConvergenceView> {
  for (let leftMs = timeoutMs; ; leftMs -= longestWaitMs) {
    const asked = { wait, timeoutMs: Math.min(leftMs, longestWaitMs), includeDelivered };
    const found = await api.getConvergence(place, change, asked);
    if (found.outcome !== 'waiting' || leftMs <= longestWaitMs) return found;
  }
}

export function exitCodeOf({ outcome }: ConvergenceView): number {
  if (outcome === 'converged') return exitCodes.done;
  return outcome === 'refused' ? exitCodes.refusedByInstances : exitCodes.partial;
}

/** How far a change has got, for people. */
export function printConvergence(view: ConvergenceView, { print, width }: Pick<Output, 'print' | 'width'>): void {
  print(headline(view));
  const { late, foreign, gone, refusals, stragglers, expected, accepted } = view;
  if (late.expected > 0) print(`  ${count(late.accepted)} of ${count(late.expected)} that came later have it.`);
  if (gone > 0) print(`  ${count(gone)} that were there have gone.`);
  if (foreign.expected > 0) {
    print(
      `  Other SDKs acknowledge nothing: sent to ${count(foreign.delivered)} of ${count(foreign.expected)}, ${count(foreign.inferred)} have evaluated with it.`,
    );
  }
  print(refusals.map(formatRefusal));
  if (stragglers.length === 0) return;
  const rows = stragglers.slice(0, stragglersShown).map(({ instance, state, version, heardMsAgo, through, about }) => [
    instance,
    // Whether for long or not: that it is behind is what `sluice fleet` calls it, too.
    state === 'pending' || state === 'stale' ? 'behind' : state,
    version === undefined ? '-' : String(version),
    formatAgo(heardMsAgo),
    [through, about.zone ?? about.region, about.service, about.version].filter(Boolean).join(' '),
  ]);
  print(formatTable(['INSTANCE', 'STATE', 'RUNS', 'HEARD', 'WHERE'], rows, width));
  const more = expected - accepted - rows.length;
  if (more > 0) print(`… and ${count(more)} more; see: sluice fleet --state behind (or refused, partial, offline)`);
}

/** Why some refused something, for people. */
export function formatRefusal({ reason, instances, examples }: ConvergenceView['refusals'][number]): string {
  return `  Refused by ${count(instances)} (${examples.join(', ')}${instances > examples.length ? ', …' : ''}): ${reason}`;
}

function headline({ version, expected, accepted, reachedMs, elapsedMs, outcome }: ConvergenceView): string {
  if (expected === 0) return `No instance that acknowledges was there for version ${version}.`;
  const tookMs = accepted === expected ? reachedMs?.all : elapsedMs;
  const after = tookMs === undefined ? '' : ` after ${formatSpan(tookMs)}`;
  const share = `${formatShare(accepted, expected)} version ${version}${after}`;
  if (accepted === expected) return `${share}.`;
  const missing = expected - accepted;
  const rest = missing === 1 ? '1 does not' : `${count(missing)} do not`;
  return `${share}; ${rest}${outcome === 'refused' ? ', and will not: it was refused' : ''}.`;
}

/** `1 of 3 instances runs`. */
export function formatShare(some: number, all: number): string {
  return `${count(some)} of ${count(all)} instance${all === 1 ? '' : 's'} run${some === 1 ? 's' : ''}`;
}

function count(instances: number): string {
  return instances.toLocaleString('en-US');
}

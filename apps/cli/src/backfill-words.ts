import type { BackfillRangeView, BackfillView } from '@sluice/api-client';
import { formatFields, formatTable } from './table.ts';

const rangesShown = 20;
const mostMapLines = 8;
/** By state, a range in the map. */
const signs = { todo: '.', running: '>', done: '=', verified: '#', dirty: '!' } as const;

/** How far a backfill is: a map of its ranges, totals, who works on it, and what differs. */
export function formatBackfill(backfill: BackfillView, environment: string, width: number): readonly string[] {
  const { flag, ranges } = backfill;
  if (ranges.length === 0) {
    return [
      `${flag} has no backfill in ${environment}, or its records were in off since.`,
      'An application that has both stores runs it: await orders.backfill.run()',
    ];
  }
  return [
    `${flag} in ${environment}`,
    ...formatFields(listTotals(backfill)),
    '',
    ...drawMap(ranges, width).map((line) => `  ${line}`),
    `  ${Object.entries(signs)
      .map(([state, sign]) => `${sign} ${state}`)
      .join('   ')}`,
    ...formatRanges(ranges, width),
    ...formatFindings(ranges, width),
  ];
}

function listTotals(backfill: BackfillView): readonly (readonly [string, string])[] {
  const { states, rows, inserted, equal, skippedNewer, failed, repaired } = backfill;
  const { workers, rowsPerSecond, throttleReasons, ranges } = backfill;
  const inStates = Object.entries(states).flatMap(([state, count]) => (count > 0 ? `${count} ${state}` : []));
  return [
    ['ranges', `${ranges.length}: ${inStates.join(', ')}`],
    ['rows', `${rows}: ${inserted} inserted, ${equal} equal, ${skippedNewer} newer already, ${failed} failed`],
    ['repaired', String(repaired)],
    ['workers', workers.length === 0 ? 'none' : workers.join(', ')],
    ...(workers.length === 0 ? [] : [['rows/s', String(Math.round(rowsPerSecond))] as const]),
    ...throttleReasons.map((reason) => ['slow, as', reason] as const),
  ];
}

/** A sign for each range; where there are too many, for several: the one that is furthest from verified. */
function drawMap(ranges: readonly BackfillRangeView[], width: number): readonly string[] {
  const columns = Math.max(10, Math.min(60, width - 2));
  const each = Math.ceil(ranges.length / (columns * mostMapLines));
  const severity = ['dirty', 'todo', 'running', 'done', 'verified'] as const;
  const cells = Array.from({ length: Math.ceil(ranges.length / each) }, (_, at) => {
    const states = new Set(ranges.slice(at * each, (at + 1) * each).map(({ state }) => state));
    const worst = severity.find((state) => states.has(state));
    return worst === undefined ? '' : signs[worst];
  }).join('');
  return cells.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
}

/** Those that somebody works on, or that differ. */
function formatRanges(ranges: readonly BackfillRangeView[], width: number): readonly string[] {
  const shown = ranges.filter(({ state, worker }) => state === 'dirty' || worker !== undefined);
  if (shown.length === 0) return [];
  const rows = shown
    .slice(0, rangesShown)
    .map(({ position, upTo, state, rows: count, rowsPerSecond, worker }) => [
      String(position),
      upTo ?? 'the last',
      state,
      String(count),
      rowsPerSecond === undefined ? '' : String(Math.round(rowsPerSecond)),
      worker ?? '',
    ]);
  const more = shown.length - rows.length;
  return [
    '',
    ...formatTable(['RANGE', 'UP TO', 'STATE', 'ROWS', 'ROWS/S', 'WORKER'], rows, width),
    ...(more > 0 ? [`… and ${more} more; see --json`] : []),
  ];
}

function formatFindings(ranges: readonly BackfillRangeView[], width: number): readonly string[] {
  const found = ranges.flatMap(({ state, verification }) => (state === 'dirty' ? (verification?.reported ?? []) : []));
  if (found.length === 0) return [];
  const rows = found.slice(0, rangesShown).map(({ key, reason }) => [key, reason]);
  const more = found.length - rows.length;
  return [
    '',
    ...formatTable(['RECORD', 'DIFFERS'], rows, width),
    ...(more > 0 ? [`… and ${more} more; see --json`] : []),
  ];
}

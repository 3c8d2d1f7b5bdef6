import type { BackfillRangeView, BackfillView } from '@sluice/api-client';
import { formatFields, formatTable } from './table.ts';

/** Of those that somebody works on, or that differ. */
export const rangesShown = 20;
const mostMapLines = 8;
/** By state, a range in the map. */
const signs = { todo: '.', running: '>', done: '=', verified: '#', dirty: '!' } as const;

/** How far a backfill is, with the ranges to look at: a map of all, totals, who works on it, and what differs. */
export function formatBackfill(backfill: BackfillView, environment: string, width: number): readonly string[] {
  const { flag, map } = backfill;
  if (map.length === 0) {
    return [
      `${flag} has no backfill in ${environment}, or its records were in off since.`,
      'An application that has both stores runs it: await orders.backfill.run()',
    ];
  }
  return [
    `${flag} in ${environment}`,
    ...formatFields(listTotals(backfill)),
    '',
    ...drawMap(map, width).map((line) => `  ${line}`),
    `  ${Object.entries(signs)
      .map(([state, sign]) => `${sign} ${state}`)
      .join('   ')}`,
    ...formatRanges(backfill, width),
    ...formatFindings(backfill.ranges, width),
  ];
}

function listTotals(backfill: BackfillView): readonly (readonly [string, string])[] {
  const { states, rows, inserted, equal, skippedNewer, failed, repaired } = backfill;
  const { workers, rowsPerSecond, throttleReasons } = backfill;
  const ranges = Object.values(states).reduce((sum, count) => sum + count, 0);
  const inStates = Object.entries(states).flatMap(([state, count]) => (count > 0 ? `${count} ${state}` : []));
  return [
    ['ranges', `${ranges}: ${inStates.join(', ')}`],
    ['rows', `${rows}: ${inserted} inserted, ${equal} equal, ${skippedNewer} newer already, ${failed} failed`],
    ['repaired', String(repaired)],
    ['workers', workers.length === 0 ? 'none' : workers.join(', ')],
    ...(workers.length === 0 ? [] : [['rows/s', String(Math.round(rowsPerSecond))] as const]),
    ...throttleReasons.map((reason) => ['slow, as', reason] as const),
  ];
}

/** A sign for each cell; where there are too many, for several: the one that is furthest from verified. */
function drawMap(map: BackfillView['map'], width: number): readonly string[] {
  const columns = Math.max(10, Math.min(60, width - 2));
  const each = Math.ceil(map.length / (columns * mostMapLines));
  const severity = ['dirty', 'todo', 'running', 'done', 'verified'] as const;
  const cells = Array.from({ length: Math.ceil(map.length / each) }, (_, at) => {
    const states = new Set(map.slice(at * each, (at + 1) * each));
    const worst = severity.find((state) => states.has(state));
    return worst === undefined ? '' : signs[worst];
  }).join('');
  return cells.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
}

function formatRanges({ ranges, nextCursor }: BackfillView, width: number): readonly string[] {
  if (ranges.length === 0) return [];
  const rows = ranges.map(({ position, upTo, state, rows: count, rowsPerSecond, worker }) => [
    String(position),
    upTo ?? 'the last',
    state,
    String(count),
    rowsPerSecond === undefined ? '' : String(Math.round(rowsPerSecond)),
    worker ?? '',
  ]);
  return [
    '',
    ...formatTable(['RANGE', 'UP TO', 'STATE', 'ROWS', 'ROWS/S', 'WORKER'], rows, width),
    ...(nextCursor === undefined ? [] : ['… and more; see --json']),
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

import type { Side } from '@sluice/engine';
import { SluiceError } from '../../errors.ts';
import { describeGiven, findSignalProblem } from '../../option-checks.ts';
import type { Store } from '../store.ts';
import type { BackfillProgress } from './progress.ts';

/** Where ranges end, all but the last: keys of records, ascending by the bytes of their UTF-8. */
export type ProposeEnds = (asked: {
  readonly rangeRows: number;
  readonly signal: AbortSignal;
}) => Promise<readonly string[]>;

export interface BackfillOptions {
  readonly signal?: AbortSignal;
  /** Unless given, the old store is read once from its first record to its last. */
  readonly source?: ProposeEnds;
  /** So many rows are one range, which one worker has; 5000. */
  readonly rangeRows?: number;
  /** After so many rows the server is told, so that another worker would go on from there; 500. */
  readonly pageRows?: number;
  /** How many ranges this process works on at once; 2. */
  readonly workers?: number;
  /**
   * Rows per second, of all processes together; 1000. A config can be another while it runs; 0 rests. In a new store that
   * cannot be scanned each row is looked up before it is written and when it is verified; these count too.
   */
  readonly rate?: number | { get(): number };
  /** When 1% of the writes to the new store take longer than that, the backfill slows down; 100. */
  readonly targetP99Ms?: number;
  /** Is told every second, and at the end; see `progressBar`. */
  readonly onProgress?: (progress: BackfillProgress) => void;
}

export function readRate(rate: number | { get(): number }): number {
  return typeof rate === 'number' ? rate : rate.get();
}

/** Undefined: the store has none. */
export function findScan(store: Store<unknown>): unknown {
  return 'scan' in store ? store.scan : undefined;
}

/** Throws a SluiceError when the options cannot be right, or the old store cannot be scanned. */
export function checkBackfill(
  key: string,
  options: BackfillOptions,
  stores: Readonly<Record<Side, Store<unknown>>>,
): void {
  for (const side of ['old', 'new'] as const) {
    const scan = findScan(stores[side]);
    if (typeof scan === 'function' || (side === 'new' && scan === undefined)) continue;
    const advice = side === 'new' ? '' : ': a store without an order, such as DynamoDB, can only be the new one';
    fail(`${side}.scan must be a function that gives records by ascending keys, got ${describeGiven(scan)}${advice}`);
  }
  const { rate = 1, targetP99Ms = 1, signal } = options;
  for (const name of ['rangeRows', 'pageRows', 'workers'] as const) {
    const { [name]: given = 1 } = options;
    if (!Number.isSafeInteger(given) || given < 1)
      fail(`${name} must be an integer from 1, got ${describeGiven(given)}`);
  }
  const isLive = typeof rate === 'object' && rate !== null && typeof rate.get === 'function';
  if (!isLive && !(typeof rate === 'number' && rate >= 0))
    fail(`rate must be rows per second, or a config of them, got ${describeGiven(rate)}`);
  if (!(targetP99Ms > 0)) fail(`targetP99Ms must be milliseconds above 0, got ${describeGiven(targetP99Ms)}`);
  const problem = findSignalProblem(signal);
  if (problem !== undefined) fail(problem);

  function fail(found: string): never {
    throw new SluiceError('invalid-options', `migration ${key}: backfill: ${found}`);
  }
}

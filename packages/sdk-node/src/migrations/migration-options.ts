import { isStage, type Stage, stages } from '@sluice/engine';
import { SluiceError } from '../errors.ts';
import { describeGiven, findDurationProblem, findObjectProblem, longestMs } from '../option-checks.ts';
import type { CompareOptions } from './compare.ts';
import type { Mismatch, Sample } from './comparisons.ts';
import type { Store } from './store.ts';

export interface Budgets {
  /** How long the store may take whose answer counts; unless given, forever. */
  readonly answerMs?: number;
  /** How long a write waits for the other side; 50. Then it goes on behind its back, for at most 5 s. */
  readonly otherWriteMs?: number;
  /** How long a read of a comparison may take; 250. */
  readonly compareMs?: number;
}

export interface MigrationCompare extends CompareOptions {
  /** Which reads are compared. */
  readonly sample?: Sample;
  /** How long after a mismatch both sides are read again; 500. Only what differs still is told and counted. */
  readonly recheckMs?: number;
  readonly onMismatch?: (mismatch: Mismatch) => void;
}

export interface MigrationSettings<T> {
  readonly old: Store<T>;
  readonly new: Store<T>;
  readonly compare?: MigrationCompare;
  readonly budgets?: Budgets;
  /**
   * Whether a read may be answered by the old side when the new one fails, in `live` and `rampdown`, for records that
   * this process knows of no open write of. What another process has still to repair, or wrote in `complete`, may be
   * missing there.
   */
  readonly failover?: boolean;
  /**
   * Refuses everything until the server has confirmed that it knows of this process, which it waits for up to 5 s; and
   * writes in `off` once that was not confirmed for 45 s, as after 60 s it may take this process for gone. A write that
   * takes longer than that is not acknowledged, although the old store may have it. Else all of that is done, and logged.
   */
  readonly strict?: boolean;
  /** Where there is no flag, or it serves no stage; `off`. */
  readonly default?: Stage;
  /**
   * A folder of its own for the journal of repairs, which processes may share; false: in memory, so that what a process
   * had written to one side when it was killed stays so. Defaults to a folder in the client's cache folder; with test
   * data to memory.
   */
  readonly journal?: string | false;
}

/** The same with whatever records are found by. */
export type MigrationOptions<T, Id = string> = MigrationSettings<T> &
  (Id extends string ? { readonly key?: (id: Id) => string } : { readonly key: (id: Id) => string });

export const budgetDefaults = { otherWriteMs: 50, compareMs: 250 };
export const recheckDefaultMs = 500;

/** Throws a SluiceError when the options cannot be right. */
export function checkMigration<T>(key: string, options: MigrationSettings<T> & { readonly key?: unknown }): void {
  // It names a folder.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/.test(key)) fail('the key must be made of letters, digits, ., _ and -');
  checkObject('options', options, 'an object with the stores old and new');
  for (const side of ['old', 'new'] as const) {
    checkObject(side, options[side], 'a store');
    for (const name of ['read', 'write', 'remove'] as const) checkFunction(`${side}.${name}`, options[side][name]);
  }
  const { budgets = {}, compare = {}, failover = false, strict = false, default: stage, journal = false } = options;
  if (options.key !== undefined) checkFunction('key', options.key, ' that names a record');
  checkObject('budgets', budgets, 'an object of milliseconds');
  for (const [name, ms] of Object.entries(budgets)) {
    const problem = ms === undefined ? undefined : findDurationProblem(ms);
    if (problem !== undefined) fail(`budgets.${name} ${problem}`);
  }
  checkObject('compare', compare, 'an object that says what is compared');
  const { sample = {}, recheckMs = 1, onMismatch } = compare;
  checkObject('compare.sample', sample, 'an object with share and random');
  for (const [name, share] of Object.entries(sample))
    if (share !== undefined && !isBetween(share, 1))
      fail(`compare.sample.${name} must be from 0 to 1, got ${describeGiven(share)}`);
  if (!isBetween(recheckMs, longestMs))
    fail(`compare.recheckMs must be milliseconds from 0 to ${longestMs}, got ${describeGiven(recheckMs)}`);
  if (onMismatch !== undefined) checkFunction('compare.onMismatch', onMismatch);
  for (const [name, given] of Object.entries({ failover, strict }))
    if (typeof given !== 'boolean') fail(`${name} must be true or false, got ${describeGiven(given)}`);
  if (stage !== undefined && !isStage(stage))
    fail(`default must be one of ${stages.join(', ')}, got ${describeGiven(stage)}`);
  if (journal !== false && (typeof journal !== 'string' || journal === ''))
    fail(`journal must be a folder, or false for memory, got ${describeGiven(journal)}`);

  function checkObject(name: string, given: unknown, expected: string): void {
    const problem = findObjectProblem(given, expected);
    if (problem !== undefined) fail(`${name} ${problem}`);
  }

  function checkFunction(name: string, given: unknown, which = ''): void {
    if (typeof given !== 'function') fail(`${name} must be a function${which}, got ${describeGiven(given)}`);
  }

  function fail(problem: string): never {
    throw new SluiceError('invalid-options', `migration ${key}: ${problem}`);
  }
}

function isBetween(given: unknown, most: number): boolean {
  return typeof given === 'number' && given >= 0 && given <= most;
}

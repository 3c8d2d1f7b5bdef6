import { setTimeout as pause } from 'node:timers/promises';
import { type ApiClient, ApiError, type ChangeInput } from '@sluice/api-client';
import type { Migration } from '@sluice/sdk-node';
import { place } from '../setup.ts';
import { changeEverywhere } from './change-everywhere.ts';

type SetStage = Extract<ChangeInput['instructions'][number], { kind: 'set-stage' }>;
export type RecordStage = NonNullable<SetStage['stage']>;

/** What has not come on within that will not. */
const patienceMs = 60_000;

/**
 * Moves all records of a migration to a stage; resolves when every instance has it, with what the checklist said before.
 * What began in the stage before has to end first.
 */
export async function advance(
  api: ApiClient,
  flag: string,
  serve: Pick<SetStage, 'stage' | 'confirm' | 'overrule'>,
): Promise<readonly string[]> {
  const change = { flag, instructions: [{ kind: 'set-stage', ...serve } as const] };
  for (const late = AbortSignal.timeout(patienceMs); ; await pause(50)) {
    try {
      const { barriers = [] } = await api.change(place, { ...change, dryRun: true });
      await changeEverywhere(api, change);
      return barriers.flatMap(({ checks }) =>
        checks.map(({ name, isPassed, text }) => `${isPassed ? '[x]' : '[-]'} ${name}: ${text}`),
      );
    } catch (error) {
      if (late.aborted || !(error instanceof ApiError) || error.code !== 'barrier-closed') throw error;
    }
  }
}

/**
 * Resolves when so many reads more were compared, or the stores are known to differ, with which of the two it was. Where
 * the machine is busy most reads are answered and not compared, so that it may take long.
 */
export async function compareReads<T>(records: Migration<T>, reads: number): Promise<string> {
  const before = records.status().comparisons;
  let known = before.compared;
  for (let late = AbortSignal.timeout(patienceMs); ; await pause(20)) {
    const { persistent, compared, byPath } = records.status().comparisons;
    if (persistent > before.persistent) return `differs at ${Object.keys(byPath).join(', ')}`;
    if (compared >= before.compared + reads) return 'alike';
    if (compared > known) {
      late = AbortSignal.timeout(patienceMs);
      known = compared;
    }
    if (late.aborted) throw new Error(`only ${compared - before.compared} reads were compared`);
  }
}

/** Until both sides have all that was acknowledged. */
export async function untilRepaired<T>(records: Migration<T>): Promise<void> {
  for (const late = AbortSignal.timeout(patienceMs); ; await pause(20)) {
    const { repairs, detached } = records.status();
    if (repairs.depth === 0 && detached === 0) return;
    if (late.aborted) throw new Error(`${repairs.depth} records still wait to be repaired`);
  }
}

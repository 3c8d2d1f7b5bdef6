import { type FlagState, listStagesInForce, type Problem, problem } from '@sluice/authoring';
import type { ChangePlan } from '../changes/plan-change.ts';
import type { EnvironmentRow, Reads } from '../database/schema.ts';

/** Whoever has not asked for so long is taken to ask no more: a day has every nightly job in it. */
const quietMs = 24 * 3_600_000;

interface PlannedChange {
  readonly environment: EnvironmentRow;
  readonly plan: Pick<ChangePlan, 'touches' | 'instructions'>;
  readonly now: number;
}

/**
 * A migration in the archive is sent to no SDK: code that asks gets its default value, `off`. After `complete` that is
 * the store which nobody writes any more, so it goes there once nobody asks, or where its key confirms it.
 */
export async function findArchiveProblem(
  reads: Reads,
  { environment, plan: { touches, instructions }, now }: PlannedChange,
): Promise<Problem | undefined> {
  for (const [index, instruction] of instructions.entries()) {
    if (instruction.kind !== 'archive' || instruction.flag === undefined) continue;
    const { flag: key, confirm } = instruction;
    const touch = touches.find(({ id }) => id.kind === 'flag' && id.key === key);
    // Objects of kind flag have flag states.
    const before = touch?.before as FlagState | undefined;
    if (confirm === key || before === undefined || !isServedComplete(before)) continue;
    const askedAt = await findLastMinute(reads, { environment, key, since: now - quietMs });
    if (askedAt === undefined) continue;
    const at = `${new Date(askedAt).toISOString().slice(0, 16)}Z`;
    return problem(
      `instructions[${index}].confirm`,
      `migration \`${key}\` is in \`complete\`, and code asked for it at ${at}: of one in the archive it gets its default value, \`off\`, and would read from the old store, which lacks what was written since, and write to that alone. Take it out of the code, and archive it a day after somebody asked last; if you mean it all the same, confirm it with the key of the migration (confirm: "${key}")`,
    );
  }
  return undefined;
}

function isServedComplete({ definition: { kind, archived }, configuration }: FlagState): boolean {
  return kind === 'migration' && !archived && listStagesInForce(configuration).includes('complete');
}

interface Asked {
  readonly environment: EnvironmentRow;
  readonly key: string;
  readonly since: number;
}

/** In which SDKs evaluated it, as far as they told; undefined: none since then. */
async function findLastMinute(reads: Reads, { environment, key, since }: Asked): Promise<number | undefined> {
  const { last } = await reads
    .selectFrom('evaluationMinutes')
    .select(({ fn }) => fn.max('minute').as('last'))
    .where('environmentId', '=', environment.id)
    .where('flagKey', '=', key)
    // A minute that had begun by then may have been counted in after it.
    .where('minute', '>', since - 60_000)
    .executeTakeFirstOrThrow();
  return last ?? undefined;
}

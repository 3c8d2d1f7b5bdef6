import { ApiError, type ChangeInput, type ChangeView } from '@sluice/api-client';
import { type ChangeCall, printChange } from './change.ts';
import type { Connection } from './connection.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { describeOverrule } from './migration-words.ts';
import { toPlain } from './output.ts';

/** Options of a change that asks first. */
export const confirmOptions = { now: { type: 'boolean', help: 'ask nothing' } } as const;

interface ConfirmedCall extends ChangeCall {
  readonly options: ChangeCall['options'] & { readonly now?: boolean | undefined };
}

/**
 * Makes a change once somebody has seen what it does and said yes, or at once with `--now`. A dry run asks nothing, nor
 * does what changes nothing. Resolves with undefined after a no; rejects where nobody can be asked.
 */
export async function makeConfirmed(
  { api, place }: Pick<Connection, 'api' | 'place'>,
  request: ChangeInput,
  question: string,
  { options, platform, output }: ConfirmedCall,
): Promise<ChangeView | undefined> {
  const { 'dry-run': dryRun, now, json } = options;
  if (dryRun === true) return api.change(place, { ...request, dryRun });
  if (now === true) {
    try {
      return await api.change(place, request);
    } catch (error) {
      const isClosed = error instanceof ApiError && error.code === 'barrier-closed';
      if (!isClosed || json === true) throw error;
      // In the words of this command, with the whole checklist; what is open by now the server's words are about.
      refuseClosed(await api.change(place, { ...request, dryRun: true }), output);
      throw error;
    }
  }
  const { ask } = platform;
  if (ask === undefined || json === true) {
    throw usageError(
      `nobody can be asked here: ${question}`,
      'To do it without being asked give --now; to see what it would do, --dry-run.',
    );
  }
  const planned = await api.change(place, { ...request, dryRun: true });
  if (planned.status === 'unchanged') return planned;
  refuseClosed(planned, output);
  printChange(planned, '', output);
  const answer = await ask(`${toPlain(question)} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) return undefined;
  // What was seen is what is done: the server refuses it where somebody was faster.
  return api.change(place, { ...request, expectedVersion: planned.version - 1 });
}

/** Shows what would change and what stands in the way, and throws; nothing does: returns. */
function refuseClosed(planned: ChangeView, output: ChangeCall['output']): void {
  const closed = planned.barriers?.find(({ isOpen }) => !isOpen);
  if (closed === undefined) return;
  printChange(planned, '', output);
  const why = closed.waitsFor.length > 0 ? 'not every instance can follow yet' : 'a check is not passed';
  throw new CommandError(exitCodes.refused, `nothing is changed: ${why}`, describeOverrule(closed));
}

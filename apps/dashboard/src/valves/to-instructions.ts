import type { ValveRowView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import type { Clause } from './scope.ts';

type Trip = ValveRowView['trips'][number];

interface Wanted {
  readonly mode: string;
  readonly when: readonly Clause[];
  readonly reason: string;
  readonly incident: string;
  readonly expiresInMs: number;
}

/**
 * Trips a valve, or changes a trip. A valve has one trip for each scope, which is renewed or made more severe in its
 * place and keeps its age; any other change takes the old one away in the same breath.
 */
export function toInstructions(
  modes: ValveRowView['modes'],
  { mode, when, reason, incident, expiresInMs }: Wanted,
  was?: Trip,
): readonly InstructionInput[] {
  const trip = {
    kind: 'trip' as const,
    mode,
    reason,
    expiresInMs: Math.round(expiresInMs),
    ...(when.length > 0 && { when: when.map((clause) => ({ ...clause, values: [...clause.values] })) }),
    ...(incident !== '' && { incident }),
    ...(was?.share !== undefined && { share: was.share }),
    ...(was?.exempt === true && { exempt: true }),
  };
  if (was === undefined) return [trip];
  const severityOf = (name: string): number => modes.findIndex((each) => each.mode === name);
  const isRenewal = JSON.stringify(was.when) === JSON.stringify(when) && severityOf(mode) >= severityOf(was.mode);
  return isRenewal ? [trip] : [{ kind: 'restore', id: was.rule }, trip];
}

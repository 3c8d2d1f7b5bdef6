import type { ChangeView } from '@sluice/api-client';
import type { Effect, Instruction } from '@sluice/authoring';
import type { Beside } from './list-beside.ts';
import type { ChangeRecord } from './write-change.ts';

export function toChangeView(
  row: ChangeRecord,
  environment: string,
  status: ChangeView['status'] = 'applied',
  beside: Beside = {},
): ChangeView {
  // Both lists were written by this program.
  const instructions = JSON.parse(row.instructionsJson) as Instruction[];
  const effects = JSON.parse(row.effectsJson) as Effect[];
  return {
    id: row.id,
    environment,
    status,
    version: row.version,
    instructions,
    effects: effects.map(({ object, text }) => ({ ...object, text })),
    comment: row.comment,
    actor: row.actor,
    createdAt: row.createdAt,
    ...(row.groupId !== null && { group: row.groupId }),
    ...beside,
  };
}

import type { Effect } from '@sluice/authoring';
import type { AppliedChange } from './write-change.ts';

/** Of what a change did, so much is told in its line; the history has all of it. */
const effectsTold = 3;

/** What the log's line of a change says besides who made it. */
export function toLogFields({ environment, row }: AppliedChange): object {
  // Written by this program.
  const effects = JSON.parse(row.effectsJson) as Effect[];
  const told = effects.slice(0, effectsTold).map(({ object: { kind, key }, text }) => `${kind} ${key}: ${text}`);
  const rest = effects.length - told.length;
  return {
    project: environment.projectKey,
    environment: environment.key,
    version: row.version,
    change: row.id,
    what: [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ') || 'nothing is different',
    ...(row.comment !== '' && { comment: row.comment }),
  };
}

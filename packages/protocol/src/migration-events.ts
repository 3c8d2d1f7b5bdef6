import type { Side } from '@sluice/engine';

export const migrationOperations = ['read', 'write', 'remove'] as const;
export type MigrationOperation = (typeof migrationOperations)[number];

/**
 * What became of a comparison: it ended `equal`, or with a difference that was gone when both sides were read again
 * (`transient`) or still there (`persistent`); `dropped`: there was no time or room for it; `failed`: the other side could
 * not be read. `ignored`, besides: in it a rule ignored something.
 */
export const comparisonEvents = ['equal', 'transient', 'persistent', 'ignored', 'dropped', 'failed'] as const;
export type ComparisonEvent = (typeof comparisonEvents)[number];

/** Written out, so that counting makes no new texts. */
export const storeEventNames: Readonly<Record<MigrationOperation, Record<Side, Record<'ok' | 'failed', string>>>> = {
  read: {
    old: { ok: 'read old ok', failed: 'read old failed' },
    new: { ok: 'read new ok', failed: 'read new failed' },
  },
  write: {
    old: { ok: 'write old ok', failed: 'write old failed' },
    new: { ok: 'write new ok', failed: 'write new failed' },
  },
  remove: {
    old: { ok: 'remove old ok', failed: 'remove old failed' },
    new: { ok: 'remove new ok', failed: 'remove new failed' },
  },
};

/** All that is counted of a migration. */
export const migrationEvents: readonly string[] = [
  ...Object.values(storeEventNames).flatMap((bySide) => Object.values(bySide).flatMap((names) => Object.values(names))),
  ...comparisonEvents,
];

import type { BackfillView } from '@sluice/api-client';

/** Below so many copied ranges their size says little of the others. */
const fewestCopied = 3;

/**
 * How long it takes until all is copied, at the present rate: ranges are of nearly as many rows each. Undefined: nobody
 * copies, or too little is copied to tell.
 */
export function estimateCopy({
  states,
  rows,
  rowsPerSecond,
}: Pick<BackfillView, 'states' | 'rows' | 'rowsPerSecond'>): number | undefined {
  const copied = states.done + states.verified + states.dirty;
  const left = states.todo + states.running / 2;
  if (copied < fewestCopied || left === 0 || rowsPerSecond <= 0) return undefined;
  // What is running is half done, as far as anybody knows.
  const rowsPerRange = rows / (copied + states.running / 2);
  return ((left * rowsPerRange) / rowsPerSecond) * 1000;
}

export const rangeWords: Readonly<Record<BackfillView['map'][number], string>> = {
  verified: 'the same in both',
  done: 'copied',
  running: 'running',
  dirty: 'differ',
  todo: 'to do',
};

export function countRanges({ states }: Pick<BackfillView, 'states'>): number {
  return Object.values(states).reduce((sum, count) => sum + count, 0);
}

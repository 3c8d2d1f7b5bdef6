import { settle } from './fake-clock.ts';

/** Waits until something is so, for what comes about elsewhere and of which no event tells. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await settle();
}

import type { ReactNode } from 'react';
import { Age } from '../ui/clock.tsx';

/** When a key or token was last used. */
export function LastUsed({ at }: { readonly at: number | null }): ReactNode {
  if (at === null) return 'never used';
  return (
    <>
      used <Age at={at} /> ago
    </>
  );
}

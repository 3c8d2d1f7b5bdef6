import type { ReactNode } from 'react';
import { join } from '../ui/join.ts';

/** One of the lines that decide; edited, it has an edge. */
export function Line({ isEdited, children }: { readonly isEdited: boolean; readonly children: ReactNode }): ReactNode {
  return (
    <div
      className={join(
        'border-line border-b border-l-2 py-2 pr-6 pl-18 leading-8 max-tablet:px-4',
        isEdited ? 'border-l-accent' : 'border-l-transparent',
      )}
    >
      {children}
    </div>
  );
}

import type { ReactNode } from 'react';

/** A key that does the same. */
export function KeyHint({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <kbd className="inline-flex h-4.5 min-w-4.5 items-center justify-center rounded-chip border border-current/40 px-1 font-sans text-hint max-tablet:hidden">
      {children}
    </kbd>
  );
}

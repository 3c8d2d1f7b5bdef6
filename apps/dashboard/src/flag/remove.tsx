import type { ReactNode } from 'react';
import { focusBeside } from '../ui/focus-beside.ts';
import { useCanEdit } from './can-edit.ts';

/** Takes a line out; quiet until one is at the line. */
export function Remove({ what, act }: { readonly what: string; readonly act: () => void }): ReactNode {
  if (!useCanEdit()) return null;
  return (
    <button
      type="button"
      className="min-h-6 rounded-control px-1.5 text-ink-3 hover:bg-hover hover:text-ink tablet:opacity-0 tablet:focus-visible:opacity-100 tablet:group-focus-within/line:opacity-100 tablet:group-hover/line:opacity-100"
      aria-label={`Remove ${what}`}
      onClick={() => focusBeside(act)}
    >
      Remove
    </button>
  );
}

import { Popover } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { focusBeside } from '../ui/focus-beside.ts';
import { join } from '../ui/join.ts';
import { useCanEdit } from './can-edit.ts';

interface TokenProps {
  readonly label: string;
  /** What it says; monospaced where it is a key or a value. */
  readonly children: ReactNode;
  readonly isEdited?: boolean;
  readonly isInvalid?: boolean;
  readonly isStrong?: boolean;
  /** Backspace and Delete on it. */
  readonly remove?: (() => void) | undefined;
  /** What edits it; absent: it cannot be edited here. */
  readonly editor?: ((close: () => void) => ReactNode) | undefined;
}

interface TokenStyle {
  readonly isEdited?: boolean | undefined;
  readonly isInvalid?: boolean | undefined;
  readonly isStrong?: boolean | undefined;
}

export function tokenStyle({ isEdited, isInvalid, isStrong }: TokenStyle): string {
  return join(
    'mx-0.5 inline-block min-h-6 max-w-full rounded-chip border px-1.5 py-px text-left align-middle font-mono leading-5',
    isStrong && 'font-semibold',
    isInvalid
      ? 'border-red bg-raised text-red-text'
      : isEdited
        ? 'border-accent-line bg-accent-wash text-accent'
        : 'border-line-strong bg-raised hover:bg-hover',
  );
}

/** A value in a sentence. Enter opens its editor. */
export function Token({ label, children, isEdited, isInvalid, isStrong, remove, editor }: TokenProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const canEdit = useCanEdit();
  const style = tokenStyle({ isEdited, isInvalid, isStrong });
  if (editor === undefined || !canEdit) return <span className={style}>{children}</span>;
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button
          type="button"
          aria-label={label}
          data-token
          className={style}
          onKeyDown={({ key }) =>
            remove !== undefined && (key === 'Backspace' || key === 'Delete') && focusBeside(remove)
          }
        >
          {children}
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={12}
          className="z-60 max-h-[70dvh] overflow-y-auto w-[min(24rem,92vw)] rounded-dialog bg-page p-3 shadow-float"
        >
          {editor(() => setOpen(false))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

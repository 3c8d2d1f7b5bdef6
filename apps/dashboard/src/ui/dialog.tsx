import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useRef } from 'react';
import { useApplyKey } from './apply-key.ts';
import { Chip } from './chip.tsx';
import { useFocusBack } from './focus-back.ts';

interface DialogProps {
  readonly title: ReactNode;
  /** Where it takes effect; named in the corner. */
  readonly environment?: { readonly name: string; readonly isProduction: boolean } | undefined;
  /** Absent: Esc and a click outside leave it open. */
  readonly close?: (() => void) | undefined;
  /** What it does, in one line beside the buttons. */
  readonly note?: ReactNode;
  readonly actions: ReactNode;
  /** Ctrl Enter does it; absent: there the key does nothing. */
  readonly apply?: (() => void) | undefined;
  readonly children: ReactNode;
}

/** Asks before it acts; Esc closes it. A sheet on a phone. */
export function Dialog({ title, environment, close, note, actions, apply, children }: DialogProps): ReactNode {
  const content = useRef<HTMLDivElement>(null);
  useApplyKey(apply, content);
  useFocusBack();
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && close?.()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/30" />
        <Radix.Content
          ref={content}
          aria-describedby={undefined}
          className="fixed z-50 flex flex-col bg-page shadow-float max-tablet:inset-x-0 max-tablet:bottom-0 max-tablet:max-h-[92dvh] max-tablet:rounded-t-sheet tablet:top-[8vh] tablet:left-1/2 tablet:max-h-[84dvh] tablet:w-[min(692px,92vw)] tablet:-translate-x-1/2 tablet:rounded-dialog"
        >
          <div className="flex items-center justify-between gap-3 border-line border-b px-6 py-3 max-tablet:px-4">
            <Radix.Title className="min-w-0 text-title">{title}</Radix.Title>
            {environment !== undefined && (
              <span className="flex shrink-0 items-center gap-1.5 text-ink-2">
                in <Chip tone={environment.isProduction ? 'production' : 'neutral'}>{environment.name}</Chip>
              </span>
            )}
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
          <div className="flex flex-wrap items-center justify-end gap-3 rounded-b-dialog border-line border-t bg-sunk px-6 py-3 max-tablet:px-4">
            {note !== undefined && <p className="mr-auto text-ink-2 text-small">{note}</p>}
            {actions}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Label and control, in the order in which one would say them. */
export function DialogRow({ label, children }: { readonly label: string; readonly children: ReactNode }): ReactNode {
  return (
    <div className="grid border-line px-6 py-3 not-last:border-b max-tablet:gap-1.5 max-tablet:px-4 tablet:grid-cols-[6.25rem_1fr]">
      <div className="pt-1 text-ink-2">{label}</div>
      <div className="min-w-0">{children}</div>
    </div>
  );
}

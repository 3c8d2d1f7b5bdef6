import { Check } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';

/** A list that opens below what it belongs to. */
export function Menu({ trigger, children }: { readonly trigger: ReactNode; readonly children: ReactNode }): ReactNode {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="start"
          sideOffset={6}
          className="z-50 max-h-[70dvh] min-w-44 max-w-90 overflow-y-auto rounded-dialog bg-raised py-1 shadow-float"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface MenuItemProps {
  readonly act: () => void;
  readonly isChosen?: boolean;
  readonly children: ReactNode;
}

export function MenuItem({ act, isChosen, children }: MenuItemProps): ReactNode {
  return (
    <DropdownMenu.Item
      onSelect={act}
      className="flex min-h-8 cursor-pointer items-center gap-2 px-3 py-1 outline-none data-highlighted:bg-hover max-tablet:min-h-11"
    >
      {isChosen !== undefined && (
        <span className="w-4 shrink-0">{isChosen && <Check aria-label="chosen" size={14} />}</span>
      )}
      <span className="min-w-0">{children}</span>
    </DropdownMenu.Item>
  );
}

export function MenuTitle({ children }: { readonly children: ReactNode }): ReactNode {
  return <DropdownMenu.Label className="px-3 py-1 text-ink-3 text-small">{children}</DropdownMenu.Label>;
}

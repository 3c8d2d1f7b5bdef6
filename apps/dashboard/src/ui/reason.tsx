import { Tooltip } from 'radix-ui';
import { type ReactElement, type ReactNode, useState } from 'react';

/** Says why a button does not act: on hover, on focus, and where somebody presses it all the same. */
export function Reason({ words, children }: { readonly words: string; readonly children: ReactElement }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <Tooltip.Provider delayDuration={100}>
      <Tooltip.Root open={isOpen} onOpenChange={setOpen}>
        <Tooltip.Trigger
          asChild
          onClick={(event) => {
            // Else pressing would close it.
            event.preventDefault();
            setOpen(true);
          }}
        >
          {children}
        </Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content
            sideOffset={6}
            collisionPadding={12}
            className="z-60 max-w-76 rounded-control bg-inverse px-2.5 py-1.5 text-small text-white shadow-float"
          >
            {words.charAt(0).toUpperCase() + words.slice(1)}
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </Tooltip.Provider>
  );
}

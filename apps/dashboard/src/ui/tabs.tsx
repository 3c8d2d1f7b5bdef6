import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';

interface TabsProps {
  /** By the word that stands in the address; the first is shown where it says none. */
  readonly tabs: readonly { readonly id: string; readonly name: string }[];
  readonly current: string;
}

/** Parts of a page, each with an address of its own. */
export function Tabs({ tabs, current }: TabsProps): ReactNode {
  const shown = useRef<HTMLLIElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is current has moved.
  useEffect(() => {
    shown.current?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [current]);
  return (
    <nav aria-label="Parts of this page" className="-mx-6 border-line border-b max-tablet:-mx-4">
      {/* On a phone not all fit: what is cut off fades into the margin. */}
      <ul className="flex gap-6 overflow-x-auto px-6 max-tablet:mask-l-from-[calc(100%-1rem)] max-tablet:mask-r-from-[calc(100%-3rem)] max-tablet:pr-12 max-tablet:pl-4">
        {tabs.map(({ id, name }, index) => (
          <li key={id} ref={id === current ? shown : undefined}>
            <Link
              to="."
              search={index === 0 ? {} : { tab: id }}
              // The first one's address is part of all others'.
              activeOptions={{ exact: true }}
              aria-current={id === current ? 'page' : undefined}
              className="flex h-9 items-center whitespace-nowrap border-transparent border-b-2 text-ink-2 hover:text-ink aria-[current=page]:border-ink aria-[current=page]:font-semibold aria-[current=page]:text-ink max-tablet:h-11"
            >
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

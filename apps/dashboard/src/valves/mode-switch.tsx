import type { ValveRowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { join } from '../ui/join.ts';

/** All modes side by side, the mildest first; it reads, and does nothing. */
export function ModeSwitch({ valve }: { readonly valve: Pick<ValveRowView, 'modes' | 'trips'> }): ReactNode {
  const [normal] = valve.modes;
  const tripped = new Set(valve.trips.map(({ mode }) => mode));
  const isNormal = [...tripped].every((mode) => mode === normal?.mode);
  return (
    <ul
      aria-label="Modes, mildest first"
      className="inline-flex max-w-full flex-wrap rounded-control border border-line-strong bg-sunk"
    >
      {valve.modes.map(({ mode, description }, index) => {
        const isServed = isNormal ? index === 0 : tripped.has(mode) && index > 0;
        return (
          <li
            key={mode}
            title={description}
            className={join(
              '-m-px flex min-h-6 items-center rounded-control border px-2 text-small',
              !isServed && 'border-transparent text-ink-2',
              isServed &&
                (isNormal
                  ? 'border-line-strong bg-raised font-medium'
                  : 'border-amber bg-amber font-semibold text-on-amber'),
            )}
          >
            {mode}
            {isServed && <span className="sr-only"> {isNormal ? '(served)' : '(tripped)'}</span>}
          </li>
        );
      })}
    </ul>
  );
}

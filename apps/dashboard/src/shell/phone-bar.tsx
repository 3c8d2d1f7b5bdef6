import { Link } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { openPalette } from '../palette/palette-state.ts';
import { usePlace } from '../place.ts';
import { useNowView } from './environment.ts';
import { PageIcon } from './page-icon.tsx';

const places = [
  { path: 'now', name: 'Now' },
  { path: 'valves', name: 'Valves' },
  { path: 'flags', name: 'Flags' },
] as const;

/** On a phone: three places, and Find for all else. */
export function PhoneBar(): ReactNode {
  const place = usePlace();
  const { data } = useNowView();
  const badges = { now: data?.matters.length ?? 0, valves: data?.counts.trippedValves ?? 0, flags: 0 };
  const style = 'flex h-14 flex-1 flex-col items-center justify-center gap-1 text-ink-2 text-small';
  return (
    <nav
      aria-label="Places"
      className="flex shrink-0 border-line border-t bg-page pb-[env(safe-area-inset-bottom)] tablet:hidden"
    >
      {places.map(({ path, name }) => (
        <Link
          key={path}
          to={`/$project/$environment/${path}`}
          params={place}
          className={`${style} data-[status=active]:font-semibold data-[status=active]:text-ink`}
        >
          <span className="relative">
            <PageIcon path={path} />
            {badges[path] > 0 && (
              <span className="figures absolute -top-2 left-2.5 min-w-4 rounded-full bg-amber px-1 text-center font-semibold text-hint text-on-amber">
                {badges[path]}
                <span className="sr-only"> off normal</span>
              </span>
            )}
          </span>
          {name}
        </Link>
      ))}
      <button type="button" className={style} onClick={() => openPalette()}>
        <Search aria-hidden size={15} />
        Find
      </button>
    </nav>
  );
}

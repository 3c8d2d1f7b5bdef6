import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { usePlace } from '../place.ts';
import { formatCount } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { useNowView } from './environment.ts';
import { PageIcon } from './page-icon.tsx';
import { type PagePath, pages } from './pages.ts';

const groups = ['', 'Operate', 'Release', 'Prove'] as const;

/** The places; a number is how many there are, amber how many are off normal. Icons alone where it is narrow. */
export function SideBar(): ReactNode {
  const counts = useCounts();
  return (
    <nav
      aria-label="Pages"
      className="flex w-44 shrink-0 flex-col overflow-y-auto border-line border-r bg-sunk p-2 max-desktop:w-13 max-tablet:hidden"
    >
      {groups.map((group) => (
        <div key={group} className="mb-3">
          {group !== '' && (
            <h2 className="px-2 pt-1 pb-1 font-normal text-ink-3 text-small max-desktop:sr-only">{group}</h2>
          )}
          <ul>
            {pages
              .filter((page) => page.group === group)
              .map(({ path, name }) => (
                <SideLink key={path} path={path} name={name} {...counts[path]} />
              ))}
          </ul>
        </div>
      ))}
      <ul className="mt-auto">
        {pages
          .filter((page) => page.group === 'bottom')
          .map(({ path, name }) => (
            <SideLink key={path} path={path} name={name} />
          ))}
      </ul>
    </nav>
  );
}

interface Count {
  readonly count?: number;
  readonly isOffNormal?: boolean;
}

function useCounts(): Partial<Record<PagePath, Count>> {
  const { data } = useNowView();
  if (data === undefined) return {};
  const { counts, matters } = data;
  return {
    now: matters.length === 0 ? {} : { count: matters.length, isOffNormal: true },
    valves: counts.trippedValves > 0 ? { count: counts.trippedValves, isOffNormal: true } : { count: counts.valves },
    migrations: { count: counts.migrations },
    configs: { count: counts.configs },
    flags: { count: counts.flags },
    segments: { count: counts.segments },
    fleet: { count: counts.instances },
  };
}

function SideLink({
  path,
  name,
  count,
  isOffNormal = false,
}: { readonly path: PagePath; readonly name: string } & Count): ReactNode {
  const place = usePlace();
  return (
    <li>
      <Link
        to={`/$project/$environment/${path}`}
        params={place}
        title={name}
        className="flex h-7 items-center gap-2.5 rounded-control px-2 text-ink-2 hover:bg-hover data-[status=active]:bg-hover data-[status=active]:font-semibold data-[status=active]:text-ink max-desktop:justify-center"
      >
        <PageIcon path={path} />
        <span className="max-desktop:sr-only">{name}</span>
        {count !== undefined && (
          <span
            className={join(
              'figures ml-auto max-desktop:sr-only',
              isOffNormal && path === 'now' && 'rounded-chip bg-amber px-1.5 font-semibold text-on-amber text-small',
              isOffNormal && path !== 'now' && 'font-semibold text-amber-text',
              !isOffNormal && 'font-normal text-ink-3',
            )}
          >
            {formatCount(count)}
            {isOffNormal && <span className="sr-only"> off normal</span>}
          </span>
        )}
      </Link>
    </li>
  );
}

import { Link } from '@tanstack/react-router';
import { Search, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLiveStatus } from '../live/live.tsx';
import { openPalette } from '../palette/palette-state.ts';
import { usePlace } from '../place.ts';
import { formatCount } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { useEnvironment, useNowView } from './environment.ts';
import { EnvironmentMenu } from './environment-menu.tsx';
import { PersonMenu } from './person-menu.tsx';

/** Never scrolls, and is filled where what one does reaches customers. */
export function TopBar(): ReactNode {
  const place = usePlace();
  const { isProduction } = useEnvironment();
  return (
    <header
      className={join(
        'z-30 flex h-11 shrink-0 items-center gap-3 px-3',
        isProduction ? 'bg-production text-white' : 'border-control border-b border-dashed bg-page',
      )}
    >
      <Link
        to="/$project/$environment/now"
        params={place}
        className="flex items-center gap-2 font-semibold tablet:w-39"
        aria-label="Sluice, to Now"
      >
        <Mark />
        <span className="max-tablet:sr-only">Sluice</span>
      </Link>
      <EnvironmentMenu />
      <OffNormalPill />
      <button
        type="button"
        onClick={() => openPalette()}
        className={join(
          'ml-auto flex h-7 w-75 items-center gap-2 rounded-control px-2 max-desktop:w-40 max-tablet:hidden',
          isProduction
            ? 'bg-white/12 text-white hover:bg-white/20'
            : 'border border-line-strong bg-raised text-ink-2 hover:bg-hover',
        )}
      >
        <Search aria-hidden size={14} />
        <span className="truncate max-desktop:hidden">Find or do anything</span>
        <span className="truncate desktop:hidden">Find</span>
        <span className="ml-auto max-desktop:hidden">
          <KeyHint>Ctrl K</KeyHint>
        </span>
      </button>
      <LiveState />
      <PersonMenu />
    </header>
  );
}

/** A gate between two posts, and the water below. */
function Mark(): ReactNode {
  return (
    <svg aria-hidden width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2">
      <path d="M3 3h3v13H3zM18 3h3v13h-3zM6 5h12M8 5v6h8V5M2 20c2 0 2-1.5 4-1.5S8 20 10 20s2-1.5 4-1.5 2 1.5 4 1.5 2-1.5 4-1.5" />
    </svg>
  );
}

function OffNormalPill(): ReactNode {
  const place = usePlace();
  const { isProduction } = useEnvironment();
  const { data } = useNowView();
  if (data === undefined) return null;
  const loud = data.matters.filter(({ kind }) => kind !== 'migration').length;
  if (loud === 0) {
    // Migrations are on their way on purpose: they are told, and not loud.
    const moving = data.matters.length;
    return (
      <span className={join('max-desktop:hidden', isProduction ? 'text-production-2' : 'text-ink-2')}>
        {moving === 0 ? 'nothing off normal' : `${moving} ${moving === 1 ? 'migration' : 'migrations'} on the way`}
      </span>
    );
  }
  const valves = data.counts.trippedValves;
  const others = loud - data.matters.filter(({ kind }) => kind === 'valve').length;
  const words = [
    ...(valves > 0 ? [`${valves} ${valves === 1 ? 'valve' : 'valves'} tripped`] : []),
    ...(others > 0 ? [`${others}${valves > 0 ? ' more' : ''} off normal`] : []),
  ];
  return (
    <Link
      to="/$project/$environment/now"
      params={place}
      className="flex h-7 min-w-0 items-center gap-1.5 rounded-control bg-amber px-2.5 font-semibold text-on-amber max-tablet:hidden"
    >
      <TriangleAlert aria-hidden size={14} className="shrink-0" />
      <span className="truncate">{words.join(', ')}</span>
    </Link>
  );
}

const words = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', lost: 'No contact' } as const;

function LiveState(): ReactNode {
  const { state, version } = useLiveStatus();
  return (
    <span className="figures flex items-center gap-1.5 whitespace-nowrap max-tablet:ml-auto" role="status">
      <span
        aria-hidden
        className={join('size-1.5 rounded-full border border-current', state === 'live' && 'bg-current')}
      />
      {words[state]}
      {version !== undefined && <span className="max-tablet:hidden">· v{formatCount(version)}</span>}
    </span>
  );
}

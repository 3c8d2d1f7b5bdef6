import { type Stage, stages } from '@sluice/engine';
import type { ReactNode } from 'react';
import { join } from '../ui/join.ts';
import { laneOf, stageWords } from './stage-words.ts';

interface StageRailProps {
  /** Stages that some record may be in. */
  readonly inForce: readonly Stage[];
  /** What is said beside the name of a stage: how much is there, and for how long. */
  readonly beside: (stage: Stage) => ReactNode;
}

/**
 * Two lanes, one for each store: thick is the one that is true, thin what is kept in step, dotted what is not used; in
 * ink up to now, grey ahead. On a phone it stands upright.
 */
export function StageRail({ inForce, beside }: StageRailProps): ReactNode {
  const last = stages.indexOf(inForce.at(-1) ?? 'off');
  const isOldTrue = inForce.some((stage) => laneOf('old', stage) === 'true');
  return (
    <ol aria-label="Stages" className="tablet:grid tablet:grid-cols-6">
      {stages.map((stage, index) => {
        const isHere = inForce.includes(stage);
        const isBehind = index <= last;
        return (
          <li
            key={stage}
            aria-current={isHere ? 'step' : undefined}
            className={join(
              'relative grid border-t-3 max-tablet:grid-cols-[1.5rem_1.5rem_minmax(0,1fr)] max-tablet:border-t-0 max-tablet:pr-3 max-tablet:pl-3',
              'tablet:grid-rows-[minmax(2.5rem,1fr)_1.5rem_1.75rem_1.5rem_3rem]',
              isHere ? 'border-ink bg-sunk' : 'border-transparent',
            )}
          >
            <div className="flex flex-wrap items-baseline justify-between gap-x-2 px-3 max-tablet:col-start-3 max-tablet:row-start-1 max-tablet:pt-3 tablet:pt-2">
              <span className={join(isHere ? 'font-semibold' : 'text-ink-2')}>
                {stage}
                {isHere && <span className="sr-only">, records are here</span>}
              </span>
              <span className="figures text-ink-2">{beside(stage)}</span>
            </div>
            <Lane side="old" stage={stage} isBehind={isBehind} isHere={isHere} />
            <p className={join('px-3 max-tablet:hidden', isOldTrue ? 'font-semibold' : 'text-ink-2')}>
              {stage === 'off' && 'Old store is true'}
            </p>
            <Lane side="new" stage={stage} isBehind={isBehind} isHere={isHere} />
            <div className="px-3 text-ink-2 max-tablet:col-start-3 max-tablet:row-start-2 max-tablet:pb-3">
              <p className={join('max-tablet:hidden', stage === 'live' && isBehind && 'font-semibold text-ink')}>
                {stage === 'dualwrite' && 'New store follows'}
                {stage === 'live' && 'New store is true'}
                {stage !== 'dualwrite' && stage !== 'live' && <>&nbsp;</>}
              </p>
              <p className={join(isHere && 'text-ink')}>{stageWords[stage]}</p>
            </div>
            {stage === 'live' && <Mark tone="plain">truth moves here</Mark>}
            {stage === 'complete' && <Mark tone="red">no return after this</Mark>}
          </li>
        );
      })}
    </ol>
  );
}

interface LaneProps {
  readonly side: 'old' | 'new';
  readonly stage: Stage;
  readonly isBehind: boolean;
  readonly isHere: boolean;
}

function Lane({ side, stage, isBehind, isHere }: LaneProps): ReactNode {
  const use = laneOf(side, stage);
  const column = side === 'old' ? 'max-tablet:col-start-1' : 'max-tablet:col-start-2';
  const lines = {
    true: join('tablet:h-2.75 max-tablet:w-2.75', isBehind ? 'bg-ink' : 'bg-series-2'),
    'in step': join('tablet:h-0.75 max-tablet:w-0.75', isBehind ? 'bg-ink' : 'bg-series-2'),
    unused: join('border-dotted tablet:border-t-2 max-tablet:border-l-2', isBehind ? 'border-ink' : 'border-series-2'),
  } as const;
  return (
    <div
      className={join('relative flex items-center justify-center max-tablet:row-span-2 max-tablet:row-start-1', column)}
    >
      <span className="sr-only">{`${side} store ${use === 'unused' ? 'not used' : use}.`}</span>
      <span aria-hidden className={join('max-tablet:h-full tablet:w-full', lines[use])} />
      {isHere && use !== 'unused' && (
        <span
          aria-hidden
          className={join(
            'absolute rounded-full border-ink bg-page',
            use === 'true' ? 'size-5 border-4' : 'size-3.5 border-3',
          )}
        />
      )}
    </div>
  );
}

/** Between two stages, where something changes that one wants to have read before. */
function Mark({ tone, children }: { readonly tone: 'plain' | 'red'; readonly children: ReactNode }): ReactNode {
  const isRed = tone === 'red';
  return (
    <>
      <span
        aria-hidden
        className={join(
          'pointer-events-none absolute border-dashed max-tablet:inset-x-0 max-tablet:top-0 max-tablet:border-t-2',
          isRed
            ? 'border-red tablet:inset-y-0 tablet:border-l-2'
            : 'border-control tablet:bottom-15 tablet:h-13 tablet:border-l-2',
          'tablet:left-0 tablet:-translate-x-px',
        )}
      />
      <span
        className={join(
          'absolute z-10 whitespace-nowrap rounded-chip border bg-page px-1.5 text-small max-tablet:top-0 max-tablet:right-3 max-tablet:-translate-y-1/2 tablet:bottom-18.5 tablet:left-0 tablet:-translate-x-1/2',
          isRed ? 'border-red-line text-red-text' : 'border-line-strong text-ink-2',
        )}
      >
        {children}
      </span>
    </>
  );
}

import type { BackfillView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { formatCount, formatDuration } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { Name } from '../ui/name.tsx';
import { countRanges, estimateCopy, rangeWords } from './backfill-words.ts';
import { Section } from './section.tsx';

type State = BackfillView['map'][number];

const fills: Readonly<Record<State, string>> = {
  verified: 'bg-series-2',
  done: 'bg-series-3',
  running: 'bg-accent',
  dirty: 'bg-red',
  todo: 'border border-line-strong',
};
const order: readonly State[] = ['verified', 'done', 'running', 'dirty', 'todo'];

/** How far the records from before are copied and compared: a cell for each range of keys. */
export function Backfill({ backfill }: { readonly backfill: BackfillView }): ReactNode {
  const { states, map, rangesPerCell, rows, rowsPerSecond, throttleReasons, workers, ranges, nextCursor } = backfill;
  if (map.length === 0) {
    return (
      <Section title="Backfill">
        <p className="py-2 text-ink-2">
          No backfill has begun, or records were in off since. An application that has both stores runs it:{' '}
          <span className="font-mono text-ink">await records.backfill.run()</span>
        </p>
      </Section>
    );
  }
  const etaMs = estimateCopy(backfill);
  const isRunning = workers.length > 0;
  return (
    <Section
      title="Backfill"
      beside={
        <>
          {formatCount(rows)} rows
          {isRunning && `, ${formatCount(Math.round(rowsPerSecond))} rows/s`}
          {etaMs !== undefined && `, about ${formatDuration(etaMs)} until all is copied`}
          {!isRunning && !backfill.isVerified && ', nobody works on it'}
          {throttleReasons.length > 0 && (
            <span className="text-amber-text"> slowed down: {throttleReasons.join('; ')}</span>
          )}
        </>
      }
      end={
        <ul className="flex flex-wrap gap-x-4">
          {order
            .filter((state) => states[state] > 0)
            .map((state) => (
              <li key={state} className="flex items-center gap-1.5 text-ink-2">
                <span aria-hidden className={join('size-2.5', fills[state])} />
                {rangeWords[state]} <span className="figures">{formatCount(states[state])}</span>
              </li>
            ))}
        </ul>
      }
    >
      <div
        role="img"
        aria-label={`${formatCount(countRanges(backfill))} ranges by their keys: ${order
          .filter((state) => states[state] > 0)
          .map((state) => `${states[state]} ${rangeWords[state]}`)
          .join(', ')}`}
        className="grid grid-cols-[repeat(auto-fill,minmax(0.6rem,1fr))] gap-px py-2"
      >
        {map.map((state, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: its place is what a range is.
          <span key={index} className={join('h-2.5', fills[state])} />
        ))}
      </div>
      {rangesPerCell > 1 && (
        <p className="text-ink-2 text-small">
          {formatCount(rangesPerCell)} ranges in a cell, shown by the one that is furthest from verified.
        </p>
      )}
      <Ranges ranges={ranges} hasMore={nextCursor !== undefined} />
    </Section>
  );
}

const shownFirst = 6;

/** Those that somebody works on, or that differ. */
function Ranges({
  ranges,
  hasMore,
}: {
  readonly ranges: BackfillView['ranges'];
  readonly hasMore: boolean;
}): ReactNode {
  const [isUnfolded, setUnfolded] = useState(false);
  if (ranges.length === 0) return null;
  const shown = isUnfolded ? ranges : ranges.slice(0, shownFirst);
  return (
    <ul className="mt-1 border-line border-t">
      {shown.map(({ position, after, upTo, state, rows, rowsPerSecond, worker, reason, verification }) => (
        <li key={position} className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 border-line border-b py-1.5">
          <span className="figures w-20 text-ink-2">Range {position + 1}</span>
          <span className={join('w-24', state === 'dirty' ? 'font-semibold text-red-text' : 'text-ink-2')}>
            {rangeWords[state]}
          </span>
          <span className="min-w-0 flex-1 text-ink-2 max-tablet:order-1 max-tablet:basis-full">
            {after === undefined ? 'from the first' : <Name isBold={false}>{after}</Name>}
            {' – '}
            {upTo === undefined ? 'the last' : <Name isBold={false}>{upTo}</Name>}
          </span>
          <span className="figures">{formatCount(rows)} rows</span>
          {rowsPerSecond !== undefined && (
            <span className="figures text-ink-2">{formatCount(Math.round(rowsPerSecond))} rows/s</span>
          )}
          {worker !== undefined && <Name isBold={false}>{worker}</Name>}
          {reason !== undefined && <span className="text-amber-text">{reason}</span>}
          {state === 'dirty' &&
            verification?.reported.slice(0, 5).map(({ key, reason: why }) => (
              <span key={key} className="w-full pl-24 max-tablet:order-2 max-tablet:pl-0">
                <Name isBold={false}>{key}</Name> <span className="text-ink-2">{why}</span>
              </span>
            ))}
        </li>
      ))}
      {ranges.length > shownFirst && (
        <li>
          <Button look="ghost" size="row" className="mt-1 -ml-2.5" onClick={() => setUnfolded(!isUnfolded)}>
            {isUnfolded ? 'Show fewer' : `Show ${formatCount(ranges.length - shownFirst)} more`}
          </Button>
        </li>
      )}
      {isUnfolded && hasMore && <li className="py-1.5 text-ink-2">More ranges are running or differ.</li>}
    </ul>
  );
}

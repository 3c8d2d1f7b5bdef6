import type { ReactNode } from 'react';
import { useNowView } from '../shell/environment.ts';
import { formatSpeed } from '../ui/duration.ts';

const [firstMs, lastMs, goalMs] = [1, 10_000, 1000];
const [width, height] = [420, 28];
const marks = [1, 10, 100, 1000, 10_000];

function x(ms: number): number {
  return (Math.log(Math.min(lastMs, Math.max(firstMs, ms)) / firstMs) / Math.log(lastMs / firstMs)) * width;
}

/** How long changes take to be everywhere, as probes measure it, against the goal. */
export function PropagationScale(): ReactNode {
  const propagation = useNowView().data?.propagation;
  return (
    <section aria-labelledby="propagation">
      <h2 id="propagation">Propagation, measured by probe</h2>
      {propagation === null || propagation === undefined ? (
        <p className="mt-2 text-ink-2">
          {propagation === null && 'Nobody answered a probe within five minutes. Instances answer one every 10 s.'}
        </p>
      ) : (
        <>
          <p className="figures mt-2 text-ink-2">
            Half within <b className="text-ink">{formatSpeed(propagation.p50Ms)}</b>, 99% within{' '}
            <b className={propagation.p99Ms > goalMs ? 'text-amber-text' : 'text-ink'}>
              {formatSpeed(propagation.p99Ms)}
            </b>
            . {propagation.p99Ms > goalMs ? 'The goal of 1 s is missed.' : 'The goal is 1 s.'}
          </p>
          <svg aria-hidden viewBox={`-12 0 ${width + 24} ${height + 30}`} className="mt-2 w-full max-w-115">
            <rect y={height / 2 - 7} width={width} height="14" rx="2" className="fill-hover" />
            <rect
              x={x(propagation.p50Ms)}
              y={height / 2 - 7}
              width={Math.max(2, x(propagation.p99Ms) - x(propagation.p50Ms))}
              height="14"
              rx="2"
              className={propagation.p99Ms > goalMs ? 'fill-amber' : 'fill-series-2'}
            />
            <line
              x1={x(goalMs)}
              x2={x(goalMs)}
              y2={height}
              strokeDasharray="3 3"
              strokeWidth="1.5"
              className="stroke-ink-2"
            />
            {marks.map((ms) => (
              <text key={ms} x={x(ms)} y={height + 16} textAnchor="middle" className="fill-ink-3 text-[12px]">
                {ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`}
              </text>
            ))}
          </svg>
        </>
      )}
    </section>
  );
}

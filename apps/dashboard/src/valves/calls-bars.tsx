import type { ValveRowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { describeCalls } from './rate.ts';

/** From the bottom up: what is well is quiet, what is wrong is on top. */
export const causes = [
  { cause: 'normal', style: 'fill-series-3', dot: 'bg-series-3' },
  { cause: 'trip', style: 'fill-amber', dot: 'bg-amber' },
  { cause: 'breaker', style: 'fill-series-2', dot: 'bg-series-2' },
  { cause: 'error', style: 'fill-red', dot: 'bg-red' },
] as const;

interface CallsBarsProps {
  readonly valve: Pick<ValveRowView, 'calls'>;
  readonly width: number;
  readonly height: number;
}

/** Calls by cause over three hours, a bar each three minutes. */
export function CallsBars({ valve, width, height }: CallsBarsProps): ReactNode {
  const { calls } = valve;
  const totals = calls.normal.map((_, at) => causes.reduce((sum, { cause }) => sum + (calls[cause][at] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const step = width / totals.length;
  return (
    <svg
      role="img"
      aria-label={describeCalls(valve)}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className="block w-full"
      style={{ height }}
    >
      <rect y={height - 1} width={width} height="1" className="fill-series-3" />
      {totals.map((total, at) => {
        let top = height;
        return causes.map(({ cause, style }) => {
          const count = calls[cause][at] ?? 0;
          if (count === 0 || total === 0) return null;
          // Whatever there was of it is seen.
          const size = Math.min(top, Math.max(1, (count / most) * height));
          top -= size;
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: bars have no other name.
            <rect key={`${cause} ${at}`} x={at * step} y={top} width={step * 0.72} height={size} className={style} />
          );
        });
      })}
    </svg>
  );
}

/** What the colours of the bars say. */
export function CausesLegend(): ReactNode {
  return (
    <span className="flex flex-wrap gap-x-2.5 text-small">
      {causes.map(({ cause, dot }) => (
        <span key={cause} className="flex items-center gap-1">
          <span aria-hidden className={`size-2 rounded-bar ${dot}`} />
          {cause}
        </span>
      ))}
    </span>
  );
}

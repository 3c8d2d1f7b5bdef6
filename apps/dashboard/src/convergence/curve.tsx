import type { ConvergenceView } from '@sluice/api-client';
import type { ReactNode } from 'react';

const [firstMs, lastMs] = [10, 10_000];

/** The share over time, on a logarithmic axis from 10 ms to 10 s, with marks at half and at 99 of 100. */
export function Curve({
  view,
  share,
  isDone,
}: {
  readonly view: ConvergenceView | undefined;
  readonly share: number;
  readonly isDone: boolean;
}): ReactNode {
  const [width, height] = [420, 48];
  const x = (ms: number) =>
    (Math.log(Math.min(lastMs, Math.max(firstMs, ms)) / firstMs) / Math.log(lastMs / firstMs)) * width;
  const y = (at: number) => height - at * height;
  const curve = view?.curve ?? [];
  const points = curve.map((point) => `${x(point.ms).toFixed(1)},${y(point.share).toFixed(1)}`);
  const elapsed = x(view?.elapsedMs ?? lastMs);
  const line = [`0,${height}`, ...points, `${elapsed.toFixed(1)},${y(share).toFixed(1)}`].join(' ');
  return (
    <svg
      role="img"
      aria-label={`${Math.round(share * 100)}% of instances have it`}
      viewBox={`0 0 ${width} ${height + 16}`}
      className="mt-2 w-full max-w-105"
    >
      {[0.5, 0.99].map((mark) => (
        <line key={mark} x2={width} y1={y(mark)} y2={y(mark)} strokeDasharray="2 3" className="stroke-line-strong" />
      ))}
      <polyline points={line} fill="none" strokeWidth="2" className={isDone ? 'stroke-ink' : 'stroke-accent'} />
      {['10 ms', '100 ms', '1 s', '10 s'].map((label, index) => (
        <text
          key={label}
          x={(width / 3) * index}
          y={height + 13}
          textAnchor={index === 0 ? 'start' : index === 3 ? 'end' : 'middle'}
          className="fill-ink-3 text-[11px]"
        >
          {label}
        </text>
      ))}
    </svg>
  );
}

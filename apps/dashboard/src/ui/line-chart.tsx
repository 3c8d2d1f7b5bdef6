import { lazy, type ReactNode, Suspense } from 'react';
import { Loading } from './loading.tsx';

export type ChartTone = 'ink' | 'accent' | 'amber' | 'series-1' | 'series-2' | 'series-3';

export interface ChartLine {
  readonly name: string;
  readonly tone: ChartTone;
  /** For each time; null: there was nothing. */
  readonly values: readonly (number | null)[];
}

export interface LineChartProps {
  /** What it shows, in a sentence: its name for those who do not see it. */
  readonly label: string;
  /** Ascending, in milliseconds. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  readonly height?: number;
}

// It comes when the first chart is shown, and no page waits for it.
const LinePlot = lazy(async () => ({ default: (await import('./line-plot.tsx')).LinePlot }));

/** Values over time. Whoever shows it says the same in words or in a table beside it. */
export function LineChart(props: LineChartProps): ReactNode {
  const height = props.height ?? 96;
  return (
    <div role="img" aria-label={props.label} style={{ height }} className="min-w-0">
      <Suspense fallback={<Loading rows={3} />}>
        <LinePlot {...props} height={height} />
      </Suspense>
    </div>
  );
}

import 'uplot/dist/uPlot.min.css';
import type { EvaluationSeriesView } from '@sluice/api-client';
import { type ReactNode, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatCount } from '../ui/duration.ts';
import { nameOf } from './describe-series.ts';
import { shadeOf } from './evaluation-shades.ts';

interface EvaluationsChartProps {
  readonly view: EvaluationSeriesView;
  /** The chart in one sentence. */
  readonly name: string;
}

/** Stacked by variation; a dashed line where the flag was changed. */
export function EvaluationsChart({ view, name }: EvaluationsChartProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const chart = new uPlot(toOptions(view, element), stack(view), element);
    const resizes = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: chartHeight }));
    resizes.observe(element);
    return () => {
      resizes.disconnect();
      chart.destroy();
    };
  }, [view]);
  return <div ref={box} role="img" aria-label={name} className="mt-3 h-70 w-full overflow-hidden" />;
}

const chartHeight = 280;

function stepsOf({ series }: EvaluationSeriesView): number {
  return series[0]?.counts.length ?? 0;
}

/** Each series with those before it below it; what is drawn first is the whole. */
function stack(view: EvaluationSeriesView): uPlot.AlignedData {
  const { from, stepMs, series } = view;
  const sums = Array.from({ length: stepsOf(view) }, () => 0);
  const stacked = series.map(({ counts }) =>
    counts.map((count, at) => {
      const sum = (sums[at] ?? 0) + count;
      sums[at] = sum;
      return sum;
    }),
  );
  return [sums.map((_, at) => (from + at * stepMs) / 1000), ...stacked.toReversed()];
}

const bars = uPlot.paths.bars?.({ size: [0.9, 40], align: 1 });

function toOptions(view: EvaluationSeriesView, element: HTMLElement): uPlot.Options {
  const ink = colorOf(element, 'text-ink-3');
  const line = colorOf(element, 'text-line');
  const accent = colorOf(element, 'text-accent');
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '12px "Inter Variable"' };
  return {
    width: element.clientWidth,
    height: chartHeight,
    cursor: { show: false },
    legend: { show: false },
    axes: [
      {
        ...axis,
        space: 90,
        values: (_, at, __, ___, stepSeconds) => at.map((each) => nameTime(each * 1000, stepSeconds)),
      },
      { ...axis, size: 64, values: (_, values) => values.map((value) => formatCount(value)) },
    ],
    scales: {
      // A step lasts: the one that goes on now would begin where the chart ends.
      x: { range: () => [view.from / 1000, (view.from + stepsOf(view) * view.stepMs) / 1000] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
    },
    series: [
      {},
      ...view.series
        .map((each, index) => ({
          label: nameOf(each),
          fill: colorOf(element, shadeOf(index).ink),
          width: 0,
          points: { show: false },
          ...(bars !== undefined && { paths: bars }),
        }))
        .toReversed(),
    ],
    hooks: { draw: [(chart) => markChanges(chart, view, accent)] },
  };
}

/** The day where a step is one or longer, and at midnight; else the time. */
function nameTime(at: number, stepSeconds: number): string {
  const moment = new Date(at);
  return stepSeconds >= 86_400 || (moment.getHours() === 0 && moment.getMinutes() === 0)
    ? moment.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
    : moment.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

function markChanges(chart: uPlot, { changes }: EvaluationSeriesView, color: string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { at } of changes) {
    const x = Math.round(chart.valToPos(at / 1000, 'x', true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** A canvas knows no names of colours: what a class comes to in the theme that is on. */
function colorOf(element: HTMLElement, name: string): string {
  const probe = document.createElement('span');
  probe.className = name;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

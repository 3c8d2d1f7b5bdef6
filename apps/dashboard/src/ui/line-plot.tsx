import { type ReactNode, useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock } from './duration.ts';
import type { LineChartProps } from './line-chart.tsx';

/** The canvas of a chart; it takes its colours from the page, also when the theme changes. */
export function LinePlot({ times, lines, format, height = 96 }: LineChartProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const shape = lines.map(({ name, tone }) => `${name} ${tone}`).join('\n');
  const data = [times.map((at) => at / 1000), ...lines.map(({ values }) => values)] as UPlot.AlignedData;
  const latest = useRef({ data, lines, format });
  latest.current = { data, lines, format };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart with the same lines takes new data as it is.
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const colour = (tone: string) => () =>
      getComputedStyle(element.querySelector(`[data-tone=${tone}]`) ?? element).color;
    const font = `11px ${getComputedStyle(element).fontFamily}`;
    const axis = {
      font,
      stroke: colour('axis'),
      ticks: { show: false },
      grid: { stroke: colour('grid'), width: 1 },
    };
    const created = new UPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        padding: [6, 18, 0, 0],
        scales: { y: { range: (_, __, most) => [0, Math.max(most ?? 0, 1) * 1.15] } },
        axes: [
          {
            ...axis,
            size: 20,
            grid: { show: false },
            values: (_, ticks) => ticks.map((at) => formatClock(at * 1000, at * 1000)),
          },
          { ...axis, size: 48, space: 32, values: (_, ticks) => ticks.map((value) => latest.current.format(value)) },
        ],
        series: [
          {},
          ...latest.current.lines.map(({ name, tone }) => ({ label: name, stroke: colour(tone), width: 1.5 })),
        ],
      },
      latest.current.data,
      element,
    );
    plot.current = created;
    const resized = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    const redraw = () => created.redraw();
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', redraw);
    const theme = new MutationObserver(redraw);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', redraw);
      theme.disconnect();
      created.destroy();
    };
  }, [shape, height]);

  useEffect(() => plot.current?.setData(data));

  return (
    <div ref={place} aria-hidden className="overflow-hidden">
      <span data-tone="ink" className="hidden text-ink" />
      <span data-tone="accent" className="hidden text-accent" />
      <span data-tone="amber" className="hidden text-amber" />
      <span data-tone="series-1" className="hidden text-series-1" />
      <span data-tone="series-2" className="hidden text-series-2" />
      <span data-tone="series-3" className="hidden text-series-3" />
      <span data-tone="axis" className="hidden text-ink-3" />
      <span data-tone="grid" className="hidden text-line" />
    </div>
  );
}

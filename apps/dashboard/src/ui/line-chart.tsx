import { type ReactNode, useEffect, useRef } from 'react';
import Plot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock, formatCount } from './duration.ts';

export interface ChartLine {
  readonly label: string;
  /** Of a token of colour: `--color-amber`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface LineChartProps {
  /** A sentence that says what is in it. */
  readonly name: string;
  /** Milliseconds. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly height?: number;
}

/** Numbers over time; the values under the pointer stand below. Imported lazily: it brings uPlot. */
export function LineChart({ name, times, lines, height = 200 }: LineChartProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const draw = (): Plot => {
      const style = getComputedStyle(element);
      // A token is `light-dark(…)`, which a canvas does not know: the browser resolves it as a colour of an element.
      const resolve = (color: string): string => {
        const probe = document.createElement('i');
        probe.style.color = `var(${color})`;
        element.append(probe);
        const resolved = getComputedStyle(probe).color;
        probe.remove();
        return resolved;
      };
      const axis = {
        stroke: resolve('--color-ink-3'),
        font: `12px ${style.fontFamily}`,
        grid: { stroke: resolve('--color-line'), width: 1 },
        ticks: { show: false },
      };
      const last = times.at(-1) ?? 0;
      return new Plot(
        {
          width: element.clientWidth,
          height,
          cursor: { drag: { x: false, y: false } },
          legend: { live: true },
          series: [
            { label: 'At', value: (_, at) => (at === null ? '–' : formatClock(at * 1000, last)) },
            ...lines.map(({ label, color }) => ({
              label,
              stroke: resolve(color),
              width: 2,
              points: { show: false },
              value: (_: Plot, value: number | null) =>
                value === null ? '–' : `${formatCount(Math.round(value * 100) / 100)}/s`,
            })),
          ],
          scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 0.1)] } },
          axes: [
            { ...axis, values: (_, splits) => splits.map((at) => formatClock(at * 1000, last)), space: 90 },
            { ...axis, size: 56, values: (_, splits) => splits.map((value) => `${formatCount(value)}/s`) },
          ],
        },
        [times.map((at) => at / 1000), ...lines.map(({ values }) => [...values])],
        element,
      );
    };
    let plot = draw();
    const again = (): void => {
      plot.destroy();
      plot = draw();
    };
    const resize = new ResizeObserver(() => {
      if (plot.width !== element.clientWidth) plot.setSize({ width: element.clientWidth, height });
    });
    resize.observe(element);
    // Whoever changes the theme sees its colours.
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', again);
    const theme = new MutationObserver(again);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resize.disconnect();
      theme.disconnect();
      scheme.removeEventListener('change', again);
      plot.destroy();
    };
  }, [times, lines, height]);
  return <div ref={box} role="img" aria-label={name} className="line-chart min-w-0 overflow-hidden" />;
}

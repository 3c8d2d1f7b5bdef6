import type { FlagTelemetryView, ValveRowView } from '@sluice/api-client';
import { formatCount } from '../ui/duration.ts';
import type { ChartLine, ChartTone } from '../ui/line-chart.tsx';

/** The normal mode is quiet, and none is red: that is for what is wrong. */
const tones: readonly ChartTone[] = ['series-2', 'amber', 'series-1', 'accent'];

/** Calls a second by the mode that answered, for every step, also those without a call; of modes that answered any. */
export function toLines(
  { from, to, stepMs, valve }: Pick<FlagTelemetryView, 'from' | 'to' | 'stepMs' | 'valve'>,
  modes: ValveRowView['modes'],
): { readonly times: readonly number[]; readonly lines: readonly ChartLine[] } {
  const steps = Math.max(1, Math.floor((to - from) / stepMs) + 1);
  const times = Array.from({ length: steps }, (_, index) => from + index * stepMs);
  const series = Map.groupBy(valve?.series ?? [], ({ mode }) => mode);
  const known = modes.map(({ mode }) => mode);
  const others = [...series.keys()].filter((mode) => !known.includes(mode)).sort();
  const lines = [...known, ...others].flatMap((label, index) => {
    if (!series.has(label)) return [];
    const values = times.map(() => 0);
    for (const { at, count } of series.get(label) ?? []) {
      const step = (at - from) / stepMs;
      if (step >= 0 && step < steps) values[Math.floor(step)] = count / (stepMs / 1000);
    }
    // The step that is not over yet would look like a fall.
    return [
      {
        name: label,
        tone: tones[index % tones.length] ?? 'series-2',
        values: steps > 1 ? values.slice(0, -1) : values,
      },
    ];
  });
  return { times: steps > 1 ? times.slice(0, -1) : times, lines };
}

/** What such a chart shows, in a sentence. */
export function describeLines({ valve }: Pick<FlagTelemetryView, 'valve'>, span: string): string {
  const modes = valve?.modes.filter(({ count }) => count > 0) ?? [];
  if (modes.length === 0) return `No calls in ${span}`;
  const parts = modes.map(
    ({ mode, count, p95Ms }) =>
      `${formatCount(count)} by ${mode}, 95% within ${formatCount(Math.max(1, Math.ceil(p95Ms)))} ms`,
  );
  return `Calls in ${span}: ${parts.join('; ')}`;
}

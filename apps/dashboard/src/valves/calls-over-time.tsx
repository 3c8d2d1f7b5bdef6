import type { FlagTelemetryView, ValveRowView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { Choice } from '../ui/choice.tsx';
import { formatCount } from '../ui/duration.ts';
import { LineChart } from '../ui/line-chart.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { describeLines, toLines } from './to-lines.ts';

const windows = [
  { value: '3h', label: '3 h', span: '3 hours' },
  { value: '24h', label: '24 h', span: '24 hours' },
  { value: '7d', label: '7 d', span: '7 days' },
  { value: '90d', label: '90 d', span: '90 days' },
] as const;

type Window = (typeof windows)[number]['value'];

/** Which mode answered how many calls, over time. */
export function CallsOverTime({ valve }: { readonly valve: ValveRowView }): ReactNode {
  const place = usePlace();
  const [window, setWindow] = useState<Window>('3h');
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', valve.key, 'telemetry', window],
    queryFn: () => api.getTelemetry(place, valve.key, window),
    placeholderData: (before) => before,
  });
  const span = windows.find(({ value }) => value === window)?.span ?? window;
  return (
    <section aria-labelledby="calls" className="pt-6">
      <div className="flex flex-wrap items-center justify-between gap-3 border-line border-b pb-2">
        <h2 id="calls">Calls by mode</h2>
        <Choice label="How far back" value={window} options={windows} choose={setWindow} />
      </div>
      <Loaded query={query} what="The calls" rows={4}>
        {(telemetry) => <Chart telemetry={telemetry} modes={valve.modes} span={span} />}
      </Loaded>
    </section>
  );
}

interface ChartProps {
  readonly telemetry: FlagTelemetryView;
  readonly modes: ValveRowView['modes'];
  readonly span: string;
}

function Chart({ telemetry, modes, span }: ChartProps): ReactNode {
  const { times, lines } = useMemo(() => toLines(telemetry, modes), [telemetry, modes]);
  const name = describeLines(telemetry, span);
  return (
    <div className="pt-3">
      <p className="pb-2 text-ink-2">{name}.</p>
      {telemetry.valve !== undefined && (
        <LineChart label={name} times={times} lines={lines} format={formatRate} height={200} />
      )}
    </div>
  );
}

function formatRate(value: number): string {
  return `${formatCount(Math.round(value * 100) / 100)}/s`;
}

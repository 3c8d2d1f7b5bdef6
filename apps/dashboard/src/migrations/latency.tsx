import type { MigrationTelemetryView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { Choice } from '../ui/choice.tsx';
import { formatCount } from '../ui/duration.ts';
import { LineChart } from '../ui/line-chart.tsx';
import { listP99, type Operation } from './latency-series.ts';
import { Section } from './section.tsx';

const words: Readonly<Record<Operation, string>> = { read: 'Reads', write: 'Writes', remove: 'Removes' };

/** How long both stores take, side by side: the old one in ink, the new one in the accent. */
export function Latency({ telemetry }: { readonly telemetry: MigrationTelemetryView | undefined }): ReactNode {
  const [operation, setOperation] = useState<Operation>('read');
  const stores = (telemetry?.stores ?? []).filter((store) => store.operation === operation);
  const { times, ...sides } = listP99(telemetry?.series ?? [], operation);
  const options = (['read', 'write', 'remove'] as const).filter(
    (each) => each !== 'remove' || telemetry?.stores.some((store) => store.operation === each),
  );
  return (
    <Section
      title="Latency, last hour"
      end={
        <Choice
          label="Operation"
          value={operation}
          options={options.map((value) => ({ value, label: words[value] }))}
          choose={setOperation}
        />
      }
    >
      {stores.length === 0 ? (
        <p className="py-2 text-ink-2">No instance called either store for {words[operation].toLowerCase()}.</p>
      ) : (
        <>
          {times.length > 1 && (
            <div className="pt-2">
              <LineChart
                label={`p99 of ${words[operation].toLowerCase()} over the last hour, old and new store; the table below has the numbers of the hour`}
                times={times}
                lines={[
                  { name: 'Old store', tone: 'ink', values: sides.old },
                  { name: 'New store', tone: 'accent', values: sides.new },
                ]}
                format={formatMs}
              />
            </div>
          )}
          <table className="figures mt-1 w-full">
            <thead className="text-right text-ink-3">
              <tr>
                <th className="py-0.5 text-left font-normal">{words[operation]}</th>
                <th className="font-normal">p50</th>
                <th className="font-normal">p95</th>
                <th className="font-normal">p99</th>
                <th className="font-normal">failed</th>
              </tr>
            </thead>
            <tbody>
              {stores.map(({ side, count, failed, p50Ms, p95Ms, p99Ms }) => (
                <tr key={side} className="text-right">
                  <th className="py-0.5 text-left font-normal">
                    <span
                      aria-hidden
                      className={`mr-1.5 inline-block h-0.75 w-3 align-middle ${side === 'old' ? 'bg-ink' : 'bg-accent'}`}
                    />
                    {side === 'old' ? 'Old store' : 'New store'}
                  </th>
                  <td>{formatMs(p50Ms)}</td>
                  <td>{formatMs(p95Ms)}</td>
                  <td className="font-semibold">{formatMs(p99Ms)}</td>
                  <td className={failed > 0 ? 'text-red-text' : 'text-ink-2'}>
                    {formatCount(failed)}
                    <span className="sr-only"> of {formatCount(count)}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </Section>
  );
}

function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
}

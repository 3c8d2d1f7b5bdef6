import type { EvaluationSeriesView } from '@sluice/api-client';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Choice } from '../ui/choice.tsx';
import { Clock } from '../ui/clock.tsx';
import { formatCount, formatShare } from '../ui/duration.ts';
import { linkIncidents } from '../ui/incidents.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Loading } from '../ui/loading.tsx';
import { Message } from '../ui/message.tsx';
import { describeSeries, listShares, nameOf } from './describe-series.ts';
import { shadeOf } from './evaluation-shades.ts';
import { type SeriesWindow, useSeries } from './use-series.ts';

// What draws comes when somebody looks.
const EvaluationsChart = lazy(async () => ({ default: (await import('./evaluations-chart.tsx')).EvaluationsChart }));

const windows: readonly { readonly value: SeriesWindow; readonly label: string; readonly span: string }[] = [
  { value: '24h', label: '24 hours', span: '24 hours' },
  { value: '7d', label: '7 days', span: '7 days' },
  { value: '90d', label: '90 days', span: '90 days' },
];

/** Who got what over time, with a mark at each change. */
export function EvaluationsTab({ flag }: { readonly flag: string }): ReactNode {
  const [window, setWindow] = useState<SeriesWindow>('24h');
  const query = useSeries(flag, window);
  const span = windows.find(({ value }) => value === window)?.span ?? '';
  return (
    <div className="pt-4">
      <Choice label="How far back" value={window} options={windows} choose={setWindow} />
      <Loaded query={query} what="The evaluations" rows={8}>
        {(view) => <Evaluations view={view} span={span} />}
      </Loaded>
    </div>
  );
}

function Evaluations({ view, span }: { readonly view: EvaluationSeriesView; readonly span: string }): ReactNode {
  const shares = listShares(view);
  if (shares.every(({ total }) => total === 0)) {
    return (
      <div className="pt-4">
        <Message title={`No evaluations in ${span}`}>No SDK asked for this flag here.</Message>
      </div>
    );
  }
  return (
    <>
      <ul className="mt-4 flex flex-wrap gap-x-6 gap-y-1">
        {shares.map((each, index) => (
          <li key={nameOf(each)} className="flex items-center gap-1.5">
            <svg aria-hidden width="9" height="9">
              <rect width="9" height="9" className={shadeOf(index).fill} />
            </svg>
            <span className="font-mono">{nameOf(each)}</span> <b className="figures">{formatShare(each.share)}</b>
            <span className="figures text-ink-3">{formatCount(each.total)}</span>
          </li>
        ))}
      </ul>
      <Suspense fallback={<Loading rows={6} />}>
        <EvaluationsChart view={view} name={describeSeries(view, span)} />
      </Suspense>
      {view.changes.length > 0 && (
        <section className="mt-4">
          <h2>Changes in this time</h2>
          <ul className="mt-1">
            {view.changes.toReversed().map(({ id, at, actor, comment }) => (
              <li key={id} className="text-ink-2">
                <Clock at={at} /> <bdi>{actor}</bdi>
                {comment !== '' && <span className="text-ink"> “{linkIncidents(comment)}”</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
      <Numbers view={view} />
    </>
  );
}

/** The same as a table, for whoever wants numbers. */
function Numbers({ view }: { readonly view: EvaluationSeriesView }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const steps = view.series[0]?.counts.map((_, at) => view.from + at * view.stepMs) ?? [];
  return (
    <details className="mt-4" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="link w-fit cursor-pointer">As a table</summary>
      {isOpen && (
        <table className="figures mt-2">
          <thead>
            <tr className="border-line border-b text-left text-ink-3">
              <th className="pr-8 font-normal">From</th>
              {view.series.map((each) => (
                <th key={nameOf(each)} className="pr-8 text-right font-normal">
                  {nameOf(each)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {steps.map((at, index) => (
              <tr key={at} className="border-line border-b">
                <td className="pr-8">
                  <Clock at={at} />
                </td>
                {view.series.map((each) => (
                  <td key={nameOf(each)} className="pr-8 text-right">
                    {formatCount(each.counts[index] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}

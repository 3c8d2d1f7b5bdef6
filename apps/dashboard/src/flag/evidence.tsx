import type { EnvironmentFlagView, EvaluationSeriesView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Clock } from '../ui/clock.tsx';
import { formatCount, formatShare } from '../ui/duration.ts';
import { linkIncidents } from '../ui/incidents.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { describeSeries, listShares, nameOf } from './describe-series.ts';
import { shadeOf } from './evaluation-shades.ts';
import { findOperator } from './operators.ts';
import { useSeries } from './use-series.ts';

/** Beside the targeting: what is served, what was done last, and what others make of it. */
export function Evidence({ flag }: { readonly flag: EnvironmentFlagView }): ReactNode {
  return (
    <aside
      aria-label="About this flag here"
      className="border-line max-desktop:grid max-desktop:gap-x-6 tablet:max-desktop:grid-cols-2 desktop:border-l"
    >
      <Evaluations flag={flag.key} />
      <LastChange flag={flag} />
      <OtherSdks flag={flag} />
    </aside>
  );
}

function Part({
  title,
  beside,
  children,
}: {
  readonly title: string;
  readonly beside?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className="border-line px-6 py-4 not-last:border-b max-tablet:px-4">
      <div className="mb-1 flex items-baseline justify-between gap-2">
        <h2>{title}</h2>
        {beside}
      </div>
      {children}
    </section>
  );
}

function Evaluations({ flag }: { readonly flag: string }): ReactNode {
  const query = useSeries(flag, '24h');
  const rate = query.data === undefined ? 0 : lastRate(query.data);
  return (
    <Part
      title="Evaluations, 24 h"
      beside={rate > 0 && <span className="figures text-ink-2">{formatCount(rate)}/s</span>}
    >
      <Loaded query={query} what="The evaluations" rows={3}>
        {(view) =>
          view.series.every(({ total }) => total === 0) ? (
            <p className="text-ink-2">None. No SDK asked for this flag here.</p>
          ) : (
            <>
              <Bars view={view} />
              <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1">
                {listShares(view).map((each, index) => (
                  <li key={nameOf(each)} className="flex items-center gap-1.5">
                    <svg aria-hidden width="9" height="9">
                      <rect width="9" height="9" className={shadeOf(index).fill} />
                    </svg>
                    <span className="font-mono">{nameOf(each)}</span>{' '}
                    <b className="figures">{formatShare(each.share)}</b>
                  </li>
                ))}
              </ul>
            </>
          )
        }
      </Loaded>
    </Part>
  );
}

/** Over the last step that is over. */
function lastRate({ series, stepMs }: EvaluationSeriesView): number {
  const count = series.reduce((sum, { counts }) => sum + (counts.at(-2) ?? 0), 0);
  return Math.round((count / stepMs) * 1000);
}

/** By two steps, stacked; the first variation is at the bottom. */
function Bars({ view }: { readonly view: EvaluationSeriesView }): ReactNode {
  const height = 64;
  const halves = view.series.map(({ counts }) =>
    Array.from({ length: Math.ceil(counts.length / 2) }, (_, at) => (counts[2 * at] ?? 0) + (counts[2 * at + 1] ?? 0)),
  );
  const steps = halves[0]?.length ?? 0;
  const most = Math.max(
    1,
    ...Array.from({ length: steps }, (_, at) => halves.reduce((sum, counts) => sum + (counts[at] ?? 0), 0)),
  );
  const tops = Array.from({ length: steps }, () => height);
  const shapes = halves.map((counts) =>
    counts.map((count, at) => {
      const part = (count / most) * height;
      tops[at] = (tops[at] ?? height) - part;
      return `M${at * 5} ${tops[at]}h4v${part}h-4z`;
    }),
  );
  return (
    <>
      <svg
        role="img"
        aria-label={describeSeries(view, '24 hours')}
        viewBox={`0 0 ${steps * 5 - 1} ${height}`}
        preserveAspectRatio="none"
        className="block h-16 w-full"
      >
        {shapes.map((shape, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a variation is its index.
          <path key={index} d={shape.join('')} className={shadeOf(index).fill} />
        ))}
      </svg>
      <div className="figures mt-1 flex justify-between text-ink-3 text-small">
        <Clock at={view.from} />
        <Clock at={(view.from + view.to) / 2} />
        <span>now</span>
      </div>
    </>
  );
}

function LastChange({ flag: { lastChange: change } }: { readonly flag: EnvironmentFlagView }): ReactNode {
  return (
    <Part title="Last change">
      {change === undefined ? (
        <p className="text-ink-2">It is as it was when it was created.</p>
      ) : (
        <>
          <p className="text-ink-2">
            <bdi>{change.actor}</bdi>, <Clock at={change.createdAt} />
          </p>
          {change.comment !== '' && <p className="mt-0.5">“{linkIncidents(change.comment)}”</p>}
          <Link to="." search={{ tab: 'history' }} className="link mt-1 inline-block">
            All changes of this flag
          </Link>
        </>
      )}
    </Part>
  );
}

function OtherSdks({ flag }: { readonly flag: EnvironmentFlagView }): ReactNode {
  const own = flag.rules.flatMap(({ clauses }, index) =>
    clauses.some(({ op }) => findOperator(op).isOwn) ? [index + 1] : [],
  );
  return (
    <Part title="Other SDKs">
      <p className="text-ink-2">
        {own.length === 0
          ? 'LaunchDarkly’s evaluate every line here the same way.'
          : `LaunchDarkly’s skip ${own.length === 1 ? 'rule' : 'rules'} ${own.join(', ')}: they do not know the operator.`}
      </p>
    </Part>
  );
}

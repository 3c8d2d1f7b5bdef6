import type { ChangeView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { Reached } from '../convergence/reached.tsx';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { formatCount, formatExact } from '../ui/duration.ts';
import { linkIncidents } from '../ui/incidents.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { Effects } from './effects.tsx';
import { RevertDialog } from './revert-dialog.tsx';

/** One change: what it did, who made it and why, who has it, and the way back. */
export function ChangePage(): ReactNode {
  const place = usePlace();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'change', key],
    queryFn: () => api.getChange(place, key),
  });
  return (
    <Loaded query={query} what="The change">
      {(change) => <Shown key={change.id} change={change} />}
    </Loaded>
  );
}

function Shown({ change }: { readonly change: ChangeView }): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const [isReverting, setReverting] = useState(false);
  const { version, actor, comment, createdAt, group, instructions } = change;
  const title = `Version ${formatCount(version)}`;
  return (
    <Page
      name={`${title}, ${name}`}
      title={title}
      beside={
        <>
          <bdi>{actor}</bdi>, <Age at={createdAt} /> ago
        </>
      }
      below={comment === '' ? undefined : <>“{linkIncidents(comment)}”</>}
      actions={
        <>
          <Link
            to="/$project/$environment/changes"
            params={place}
            search={{ since: new Date(createdAt).toISOString() }}
            className="inline-flex h-7 items-center rounded-control border border-line-strong bg-raised px-2.5 font-medium hover:bg-hover max-tablet:h-11"
          >
            Revert all since then…
          </Link>
          <Button onClick={() => setReverting(true)}>Revert…</Button>
        </>
      }
    >
      <div className="grid gap-x-10 gap-y-6 border-line border-t pt-4 desktop:grid-cols-[minmax(0,1fr)_26rem]">
        <section className="min-w-0">
          <h2 className="mb-1">What it did</h2>
          {change.effects.length === 0 ? (
            <p className="text-ink-2">Nothing that has words.</p>
          ) : (
            <Effects change={change} />
          )}
          <dl className="mt-6 grid grid-cols-[6rem_minmax(0,1fr)] gap-x-4 gap-y-1.5">
            <dt className="text-ink-2">When</dt>
            <dd className="figures">{formatExact(createdAt)}</dd>
            <dt className="text-ink-2">Who</dt>
            <dd>
              <Link to="/$project/$environment/changes" params={place} search={{ who: actor }} className="link">
                {actor}
              </Link>
            </dd>
            <dt className="text-ink-2">Why</dt>
            <dd>{comment === '' ? <span className="text-ink-2">no comment</span> : linkIncidents(comment)}</dd>
            <dt className="text-ink-2">Version</dt>
            <dd className="figures">
              {formatCount(version)} of {name}
            </dd>
            {group !== undefined && (
              <>
                <dt className="text-ink-2">Elsewhere</dt>
                <dd>
                  The same command changed other environments too, as group <span className="font-mono">{group}</span>.
                </dd>
              </>
            )}
          </dl>
          <details className="mt-6">
            <summary className="cursor-pointer text-ink-2">
              {instructions.length === 1 ? '1 instruction' : `${formatCount(instructions.length)} instructions`}, as
              sent
            </summary>
            <pre className="mt-2 max-h-100 overflow-auto whitespace-pre-wrap rounded-control bg-sunk p-3 font-mono text-small">
              {JSON.stringify(instructions, null, 2)}
            </pre>
          </details>
        </section>
        <Reached change={change} />
      </div>
      {isReverting && <RevertDialog change={change} close={() => setReverting(false)} />}
    </Page>
  );
}

import type { FleetInstanceView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Chip } from '../ui/chip.tsx';
import { Age, Clock } from '../ui/clock.tsx';
import { formatAge, formatCount, formatSpeed } from '../ui/duration.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import { Page } from '../ui/page.tsx';
import { describeContact, describeInstance, describeRepairs } from './describe-instance.ts';

/** One running process: what it says of itself, what it runs, and what it could not use. */
export function InstancePage(): ReactNode {
  const place = usePlace();
  const { name } = useEnvironment();
  const { key = '' } = useParams({ strict: false });
  const query = useQuery({
    queryKey: [place.project, place.environment, 'fleet', 'instance', key],
    queryFn: () => api.getInstance(place, key),
  });
  const instance = query.data;
  return (
    <Page
      name={`${key}, ${name}`}
      title={<Name>{key}</Name>}
      beside={instance && <StateChip instance={instance} />}
      below={
        instance && (
          <>
            {describeInstance(instance, instance.newest)}
            {instance.since !== undefined && (
              <>
                , for <Age at={instance.since} />
              </>
            )}
          </>
        )
      }
      actions={
        <Link to="/$project/$environment/fleet" params={place} className="link">
          All instances
        </Link>
      }
    >
      <Loaded query={query} what="The instance">
        {(told) => <Facts instance={told} toldAt={query.dataUpdatedAt} />}
      </Loaded>
    </Page>
  );
}

function StateChip({ instance: { matter, state } }: { readonly instance: FleetInstanceView }): ReactNode {
  if (matter === 'refused') return <Chip tone="refused">refused</Chip>;
  if (matter === 'behind' || matter === 'offline') return <Chip tone="between">{matter}</Chip>;
  if (matter === 'repairs') return <Chip tone="between">records to repair</Chip>;
  return <Chip>{state}</Chip>;
}

interface FactsProps {
  readonly instance: FleetInstanceView;
  readonly toldAt: number;
}

function Facts({ instance, toldAt }: FactsProps): ReactNode {
  const { about, newest, version, refused, configs = [], repairs = [], acknowledged } = instance;
  const { through, sdk, session, joinedMsAgo, heardMsAgo, oldestVersion, state } = instance;
  return (
    <div className="grid gap-x-12 gap-y-6 pt-2 desktop:grid-cols-2">
      {refused.length > 0 && (
        <Section title="It could not use" className="desktop:col-span-2">
          <ul>
            {refused.map(({ kind, key, version: form, reason }) => (
              <li key={`${kind} ${key}`} data-edge className="border-l-4 border-l-red py-1 pl-3 not-first:mt-2">
                <ObjectLink kind={kind} name={key} />{' '}
                <span className="figures text-ink-2">of v{formatCount(form)}</span>
                <p>{reason}. It keeps what it had.</p>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {repairs.length > 0 && (
        <Section title="Records to repair" className="desktop:col-span-2">
          <p>
            {describeRepairs(repairs)}.{state === 'gone' && ' Whoever starts in its place repairs them.'}
          </p>
        </Section>
      )}
      <Section title="What it runs">
        <dl>
          <Fact name="Version">
            <span className="figures">
              {version === undefined ? 'it has told nothing' : `v${formatCount(version)}`}
            </span>
            {version !== undefined && version < newest && (
              <span className="figures text-ink-2"> of v{formatCount(newest)}</span>
            )}
          </Fact>
          {oldestVersion !== undefined && (
            <Fact name="Oldest work">
              <span className="figures">began under v{formatCount(oldestVersion)} and still runs</span>
            </Fact>
          )}
          <Fact name="SDK">{sdk}</Fact>
          <Fact name="Contact">
            {describeContact(instance)}
            {through !== undefined && (
              <>
                , through edge <Name isBold={false}>{through}</Name>
              </>
            )}
          </Fact>
          <Fact name="Heard">
            {heardMsAgo < 1000 ? 'just' : `${formatAge(heardMsAgo)}`} before <Clock at={toldAt} />, when this was asked
          </Fact>
          <Fact name="Joined">
            <Clock at={toldAt - joinedMsAgo} />
          </Fact>
          <Fact name="Process">
            <Name isBold={false}>{session}</Name>
          </Fact>
        </dl>
      </Section>
      <Section title="What it says of itself">
        {Object.keys(about).length === 0 ? (
          <p className="text-ink-2">Nothing. The SDK's option `instance` and OpenTelemetry's variables tell.</p>
        ) : (
          <dl>
            {Object.entries(about).map(([name, value]) => (
              <Fact key={name} name={name}>
                {String(value)}
              </Fact>
            ))}
          </dl>
        )}
      </Section>
      <Section title="Values in force">
        {configs.length === 0 ? (
          <p className="text-ink-2">It has told of no config that it holds.</p>
        ) : (
          <dl>
            {configs.map(({ key, value }) => (
              <Fact key={key} name={<ObjectLink kind="config" name={key} />}>
                <Name isBold={false}>{value}</Name>
              </Fact>
            ))}
          </dl>
        )}
      </Section>
      <Section title="Last changes">
        {acknowledged.length === 0 ? (
          <p className="text-ink-2">It has acknowledged none of the last changes since it is known here.</p>
        ) : (
          <dl>
            {acknowledged.map(({ version: made, afterMs }) => (
              <Fact key={made} name={<span className="figures">v{formatCount(made)}</span>}>
                <span className="figures">{afterMs === 0 ? 'had it already' : `after ${formatSpeed(afterMs)}`}</span>
              </Fact>
            ))}
          </dl>
        )}
      </Section>
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly className?: string;
  readonly children: ReactNode;
}

function Section({ title, className, children }: SectionProps): ReactNode {
  return (
    <section className={className}>
      <h2 className="mb-1 border-line border-b pb-1">{title}</h2>
      {children}
    </section>
  );
}

function Fact({ name, children }: { readonly name: ReactNode; readonly children: ReactNode }): ReactNode {
  return (
    <div className="grid min-h-8 items-center gap-x-4 py-1 tablet:grid-cols-[minmax(0,9rem)_minmax(0,1fr)]">
      <dt className="min-w-0 text-ink-2">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}

const paths = { flag: 'flags', config: 'configs', segment: 'segments' } as const;

function ObjectLink({ kind, name }: { readonly kind: keyof typeof paths; readonly name: string }): ReactNode {
  const place = usePlace();
  return (
    <Link
      to={`/$project/$environment/${paths[kind]}/$key`}
      params={{ ...place, key: name }}
      className="inline-flex min-w-0 items-center gap-1.5 align-bottom hover:underline"
    >
      <KindIcon kind={kind === 'flag' ? 'release' : kind} />
      <Name>{name}</Name>
    </Link>
  );
}

import type { ConfigInForceView } from '@sluice/api-client';
import { describeValue, type Unit } from '@sluice/authoring';
import type { ReactNode } from 'react';
import { formatCount } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { Name } from '../ui/name.tsx';

type Exception = ConfigInForceView['exceptions'][number];

interface NotAsLayersProps {
  readonly inForce: ConfigInForceView;
  readonly unit: Unit | undefined;
}

/** Instances that have something else than the layers say, what they keep, and why. */
export function NotAsLayers({ inForce, unit }: NotAsLayersProps): ReactNode {
  const { exceptions, instances } = inForce;
  const holders = inForce.layers.reduce((sum, layer) => sum + layer.instances, 0);
  const count = exceptions.reduce((sum, each) => sum + each.instances, 0);
  return (
    <section aria-labelledby="not-as-layers" className="mt-4" aria-live="polite">
      <h2 id="not-as-layers" className="px-6 pb-2 max-tablet:px-4">
        {count > 0 ? 'Not as the layers say' : holders > 0 ? 'As the layers say' : 'No instance holds it'}{' '}
        <span className="font-normal text-ink-2">
          {count > 0
            ? `${formatCount(count)} of ${countInstances(instances)}`
            : holders > 0
              ? `all ${countInstances(holders)} that ${holders === 1 ? 'holds' : 'hold'} it`
              : instances === 0
                ? 'none is connected'
                : `${countInstances(instances)} connected; what code holds by sluice.config is told here`}
        </span>
      </h2>
      {exceptions.length > 0 && (
        <ul className="border-line border-t">
          {exceptions.map((each) => (
            <ExceptionRow key={JSON.stringify([each.kind, each.reason, each.value])} exception={each} unit={unit} />
          ))}
        </ul>
      )}
    </section>
  );
}

function ExceptionRow({
  exception,
  unit,
}: {
  readonly exception: Exception;
  readonly unit: Unit | undefined;
}): ReactNode {
  const { kind, instances, names, value } = exception;
  const isRefused = kind === 'refused';
  return (
    <li
      data-edge
      className={join(
        'flex flex-wrap items-baseline gap-x-6 gap-y-1 border-line border-b border-l-4 py-2 pr-6 pl-5 max-tablet:px-4',
        isRefused ? 'border-l-red' : 'border-l-amber',
      )}
    >
      <span className="figures w-24 whitespace-nowrap">{countInstances(instances)}</span>
      <span className="min-w-0 flex-1 basis-60">
        <b className={isRefused ? 'text-red-text' : 'text-amber-text'}>{titles[kind]}</b> {explain(exception)}
        {value !== undefined && (
          <>
            {' '}
            {instances === 1 ? 'It keeps' : 'They keep'}{' '}
            <Name>{value.startsWith('sha256:') ? 'a long value' : describeValue(value, unit)}</Name>.
          </>
        )}
      </span>
      <span className="min-w-0 basis-60 text-ink-2">
        <Names names={names.slice(0, 3)} />
        {instances > 3 && (
          <details className="inline">
            <summary className="link ml-1 inline cursor-pointer list-none">{formatCount(instances - 3)} more</summary>{' '}
            <Names names={names.slice(3)} />
            {instances > names.length && ` and ${formatCount(instances - names.length)} besides`}
          </details>
        )}
      </span>
    </li>
  );
}

/** By comma; a line breaks between them. */
function Names({ names }: { readonly names: readonly string[] }): ReactNode {
  return names.map((name, index) => (
    <span key={name}>
      {index > 0 && ', '}
      <Name isBold={false} className="inline-block">
        {name}
      </Name>
    </span>
  ));
}

function countInstances(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'instance' : 'instances'}`;
}

const titles: Readonly<Record<Exception['kind'], string>> = {
  refused: 'refused:',
  other: 'something else:',
  behind: 'behind:',
  offline: 'offline:',
};

function explain({ kind, reason = '' }: Exception): string {
  switch (kind) {
    case 'refused':
      return `${reason}.`;
    case 'other':
      return 'what it runs gives another value, by a file or by its own rules.';
    case 'behind':
      return 'the last change is not there yet.';
    case 'offline':
      return 'contact is lost; it may still run.';
    default:
      return kind satisfies never;
  }
}

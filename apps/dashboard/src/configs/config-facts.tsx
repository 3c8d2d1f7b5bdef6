import type { ConfigInForceView, FlagView } from '@sluice/api-client';
import { describeValue } from '@sluice/authoring';
import type { ReactNode } from 'react';
import { formatCount } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';
import { writeQuantity } from './scale.ts';
import { boundsOf, stepOf } from './value-schema.ts';

interface ConfigFactsProps {
  readonly rules: NonNullable<FlagView['config']>;
  readonly owner: string;
  readonly inForce: ConfigInForceView | undefined;
}

/** At the right: what instances have, and what the values may be. */
export function ConfigFacts({ rules, owner, inForce }: ConfigFactsProps): ReactNode {
  const { schema, unit, maxChangeFactor, dimensions } = rules;
  const { min, max } = boundsOf(schema);
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  return (
    <aside
      aria-label="What it may be, and what instances have"
      className="border-line py-4 desktop:w-72 desktop:shrink-0 desktop:border-l"
    >
      {inForce !== undefined && inForce.instances > 0 && (
        <section className="border-line border-b px-6 pb-4 max-tablet:px-4">
          <h2 className="pb-1">In force now</h2>
          <ul>
            {inForce.values.slice(0, 12).map(({ value, instances }) => (
              <li key={value ?? ''} className="flex items-baseline justify-between gap-4 py-0.5">
                {value === undefined ? (
                  <span className="text-ink-3">no value told</span>
                ) : value.startsWith('sha256:') ? (
                  <span title={value}>a long value</span>
                ) : (
                  <Name>{describeValue(value, unit)}</Name>
                )}
                <span className="figures shrink-0 text-ink-2">{formatCount(instances)}</span>
              </li>
            ))}
          </ul>
          {inForce.values.length > 12 && <p className="text-ink-3">{inForce.values.length - 12} more values</p>}
        </section>
      )}
      <section className="px-6 pt-4 max-tablet:px-4">
        <h2 className="pb-1">Bounds</h2>
        <dl className="grid grid-cols-[6rem_1fr] gap-y-1">
          <Fact name="Type">{describeType(schema, unit)}</Fact>
          {isNumber && (
            <>
              <Fact name="Range">
                {min === undefined ? 'no least' : writeQuantity(min, unit)} to{' '}
                {max === undefined ? 'no most' : writeQuantity(max, unit)}
              </Fact>
              <Fact name="Step">{writeQuantity(stepOf(schema), unit)}</Fact>
            </>
          )}
          {maxChangeFactor !== undefined && <Fact name="One change">at most {maxChangeFactor} times</Fact>}
          <Fact name="Varies by">
            {dimensions.length === 0
              ? 'nothing'
              : dimensions.map((dimension, index) => (
                  <span key={dimension}>
                    {index > 0 && ', '}
                    <Name isBold={false} className="inline-block">
                      {dimension}
                    </Name>
                  </span>
                ))}
          </Fact>
          <Fact name="Owner">{owner === '' ? <span className="text-ink-3">nobody</span> : owner}</Fact>
        </dl>
        <p className="mt-2 text-ink-2">
          An instance refuses a value outside its own bounds and keeps the last good one.
        </p>
        {!isNumber && (
          <details className="mt-2">
            <summary className="link cursor-pointer">Schema</summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached. */}
            <pre tabIndex={0} className="mt-1 overflow-x-auto rounded-control bg-sunk p-2 font-mono text-small">
              {JSON.stringify(schema, undefined, 2)}
            </pre>
          </details>
        )}
      </section>
    </aside>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

const types: Readonly<Record<string, string>> = {
  integer: 'whole number',
  number: 'number',
  string: 'text',
  boolean: 'true or false',
  object: 'object',
  array: 'list',
};

function describeType(schema: Readonly<Record<string, unknown>>, unit: string | undefined): string {
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.length} values`;
  const names = [schema.type].flat().flatMap((type) => (typeof type === 'string' ? [types[type] ?? type] : []));
  const type = names.length === 0 ? 'as its schema says' : names.join(' or ');
  return unit === undefined ? type : `${type}, in ${unit}`;
}

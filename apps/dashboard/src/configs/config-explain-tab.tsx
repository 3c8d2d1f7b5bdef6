import type { EnvironmentFlagView, ExplanationView } from '@sluice/api-client';
import { describeClauses, describeValue } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { ContextForm } from '../flag/context-form.tsx';
import { usePlace } from '../place.ts';
import { environmentValueOf, overrideOf } from './config-draft.ts';

const sample = `{
  "kind": "account",
  "key": "42"
}`;

/** Somebody, what they get, and the layer that decides. */
export function ConfigExplainTab({ config }: { readonly config: EnvironmentFlagView }): ReactNode {
  const place = usePlace();
  const explain = useMutation({
    mutationFn: (context: Readonly<Record<string, unknown>>) => api.evaluate(place, { flag: config.key, context }),
  });
  return (
    <div className="grid gap-x-8 gap-y-4 pt-4 desktop:grid-cols-2">
      <ContextForm
        kept="config-context"
        sample={sample}
        explain={explain.mutate}
        isBusy={explain.isPending}
        error={explain.error}
      />
      <div aria-live="polite">
        {explain.data === undefined ? (
          <p className="text-ink-2">Says which layers apply to them, and which of these wins.</p>
        ) : (
          <Explained config={config} answer={explain.data} />
        )}
      </div>
    </div>
  );
}

/** All layers in the order in which they win: the one that decided is lit, those that apply but lost say so. */
function Explained({
  config,
  answer,
}: {
  readonly config: EnvironmentFlagView;
  readonly answer: ExplanationView;
}): ReactNode {
  const unit = config.config?.unit;
  const applying = new Set(answer.layers?.map(({ override }) => override));
  const winner = answer.layers?.[0]?.override;
  const layers = [
    ...config.rules.map(overrideOf).map(({ id, name, clauses, value }) => ({
      id,
      text: name ?? describeClauses(clauses).replaceAll('`', ''),
      value,
    })),
    { id: undefined, text: 'Everywhere else', value: environmentValueOf(config) },
  ];
  return (
    <section aria-label="What they get">
      <p className="text-panel">
        Gets <b className="font-mono">{describeValue(JSON.stringify(answer.value), unit)}</b>
      </p>
      <ol className="mt-3 border-line border-t">
        {layers.map(({ id, text, value }) => {
          const isWinner = id === winner;
          return (
            <li
              key={id ?? ''}
              aria-current={isWinner ? 'true' : undefined}
              className="flex flex-wrap items-baseline justify-between gap-x-4 border-line border-b px-2 py-1.5 text-ink-3 aria-[current=true]:border-l-2 aria-[current=true]:border-l-accent aria-[current=true]:bg-accent-wash aria-[current=true]:text-ink"
            >
              <span className="min-w-0">
                {text}
                {isWinner && <b className="text-accent"> decides</b>}
                {!isWinner && applying.has(id) && ' applies too, and loses'}
                {!isWinner && !applying.has(id) && ' does not apply'}
              </span>
              <span className="font-mono">{describeValue(JSON.stringify(value), unit)}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

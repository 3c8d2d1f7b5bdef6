import type { EnvironmentFlagView, ExplanationView } from '@sluice/api-client';
import { describeClauses, describeValue } from '@sluice/authoring';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { keep, readKept } from '../platform.ts';
import { Button } from '../ui/button.tsx';
import { fieldStyle } from '../ui/field.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { environmentValueOf, overrideOf } from './config-draft.ts';

const sample = `{
  "kind": "account",
  "key": "42"
}`;

/** Somebody, what they get, and the layer that decides. */
export function ConfigExplainTab({ config }: { readonly config: EnvironmentFlagView }): ReactNode {
  const place = usePlace();
  const [text, setText] = useState(() => readKept('config-context', sample));
  const explain = useMutation({
    mutationFn: () => api.evaluate(place, { flag: config.key, context: JSON.parse(text) }),
    onMutate: () => keep('config-context', text),
  });
  return (
    <div className="grid gap-x-8 gap-y-4 pt-4 desktop:grid-cols-2">
      <form
        className="flex min-w-0 flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          explain.mutate();
        }}
      >
        <label className="block">
          <span className="mb-1 block text-ink-2">Who: a context, as code would give it; kind multi for several</span>
          <textarea
            rows={8}
            spellCheck={false}
            className={`${fieldStyle} h-auto! py-1.5 font-mono`}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </label>
        <div className="flex justify-end">
          <Button type="submit" busy={explain.isPending && 'Asking'}>
            Explain
          </Button>
        </div>
        {explain.error instanceof SyntaxError ? (
          <p role="alert" className="text-red-text">
            Not JSON: {explain.error.message}
          </p>
        ) : (
          <RefusedNote error={explain.error} />
        )}
      </form>
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

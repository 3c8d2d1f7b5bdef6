import type { EnvironmentFlagView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { EffectText } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { keep, readKept } from '../platform.ts';
import { readJson } from '../read-json.ts';
import { Button } from '../ui/button.tsx';
import { fieldStyle } from '../ui/field.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { CanEdit } from './can-edit.ts';
import { configurationOf } from './draft.ts';
import { Targeting } from './targeting.tsx';

const sample = `{
  "kind": "user",
  "key": "mara",
  "plan": "enterprise"
}`;

/** Somebody, what they get, and among all lines the one that decided it. */
export function ExplainTab({ flag }: { readonly flag: EnvironmentFlagView }): ReactNode {
  const place = usePlace();
  const [text, setText] = useState(() => readKept('context', sample));
  const { fault } = readJson(text);
  const explain = useMutation({
    mutationFn: () => api.evaluate(place, { flag: flag.key, context: JSON.parse(text) }),
    onMutate: () => keep('context', text),
  });
  const answer = explain.data;
  const configuration = configurationOf(flag);
  return (
    <div className="-mr-6 grid gap-x-4 gap-y-4 pt-4 max-desktop:-mx-6 max-tablet:-mx-4 desktop:grid-cols-[22rem_minmax(0,1fr)]">
      <form
        className="flex min-w-0 flex-col gap-3 max-desktop:px-6 max-tablet:px-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined) explain.mutate();
        }}
      >
        <label className="block">
          <span className="mb-1 block text-ink-2">Who: a context, as code would give it</span>
          <textarea
            rows={10}
            spellCheck={false}
            aria-invalid={fault !== undefined || undefined}
            className={`${fieldStyle} h-auto! py-1.5 font-mono`}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
        </label>
        {fault !== undefined && (
          <p role="alert" className="text-red-text">
            {fault}
          </p>
        )}
        <div className="flex justify-end">
          <Button type="submit" refusal={fault} busy={explain.isPending && 'Asking'}>
            Explain
          </Button>
        </div>
        {explain.error !== null && <RefusedNote error={explain.error} />}
      </form>
      <div className="min-w-0">
        <div aria-live="polite" className="px-6 pb-3 max-tablet:px-4">
          {answer !== undefined && (
            <>
              <p>
                Gets <Name>{JSON.stringify(answer.value)}</Name>
                {answer.variationId !== undefined && (
                  <span className="text-ink-2">, variation {answer.variationId}</span>
                )}
              </p>
              <p className="mt-1">
                <EffectText text={answer.because} />
              </p>
            </>
          )}
        </div>
        <CanEdit value={false}>
          <Targeting
            flag={flag}
            was={configuration}
            draft={configuration}
            change={() => undefined}
            decided={() => undefined}
            sampled={undefined}
            lit={answer?.line}
          />
        </CanEdit>
      </div>
    </div>
  );
}

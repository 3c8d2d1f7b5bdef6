import type { EnvironmentFlagView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { EffectText } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { Name } from '../ui/name.tsx';
import { CanEdit } from './can-edit.ts';
import { ContextForm } from './context-form.tsx';
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
  const explain = useMutation({
    mutationFn: (context: Readonly<Record<string, unknown>>) => api.evaluate(place, { flag: flag.key, context }),
  });
  const answer = explain.data;
  const configuration = configurationOf(flag);
  return (
    <div className="-mr-6 grid gap-x-4 gap-y-4 pt-4 max-desktop:-mx-6 max-tablet:-mx-4 desktop:grid-cols-[22rem_minmax(0,1fr)]">
      <ContextForm
        className="max-desktop:px-6 max-tablet:px-4"
        kept="context"
        sample={sample}
        explain={explain.mutate}
        isBusy={explain.isPending}
        error={explain.error}
      />
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

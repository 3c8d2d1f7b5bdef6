import type { EnvironmentFlagView, ExplanationView } from '@sluice/api-client';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { keep, readKept } from '../platform.ts';
import { Button } from '../ui/button.tsx';
import { fieldStyle } from '../ui/field.tsx';
import { Name } from '../ui/name.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';

const sample = `{
  "kind": "user",
  "key": "mara",
  "plan": "enterprise"
}`;

/** Somebody, what they get, and the line that decided it. */
export function ExplainTab({ flag }: { readonly flag: EnvironmentFlagView }): ReactNode {
  const place = usePlace();
  const [text, setText] = useState(() => readKept('context', sample));
  const fault = findJsonFault(text);
  const explain = useMutation({
    mutationFn: () => api.evaluate(place, { flag: flag.key, context: JSON.parse(text) }),
    onMutate: () => keep('context', text),
  });
  return (
    <div className="grid gap-x-8 gap-y-4 pt-4 desktop:grid-cols-2">
      <form
        className="flex min-w-0 flex-col gap-3"
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
            className={`${fieldStyle} h-auto py-1.5 font-mono`}
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
      <div aria-live="polite">{explain.data !== undefined && <Explained answer={explain.data} flag={flag} />}</div>
    </div>
  );
}

function Explained({
  answer,
  flag,
}: {
  readonly answer: ExplanationView;
  readonly flag: EnvironmentFlagView;
}): ReactNode {
  const { reason } = answer;
  const lines: readonly { readonly name: string; readonly decided: boolean }[] = [
    { name: 'Off', decided: reason.kind === 'OFF' },
    ...flag.prerequisites.map((each) => ({
      name: `Only when ${each.flag} serves ${each.variation}`,
      decided: reason.kind === 'PREREQUISITE_FAILED' && reason.prerequisiteKey === each.flag,
    })),
    ...(flag.targets.length === 0 ? [] : [{ name: 'Targets', decided: reason.kind === 'TARGET_MATCH' }]),
    ...flag.rules.map((rule, index) => ({
      name: `Rule ${index + 1}${rule.name === undefined ? '' : `, ${rule.name}`}`,
      decided: reason.kind === 'RULE_MATCH' && (reason.ruleId === rule.id || reason.ruleIndex === index),
    })),
    { name: 'Everyone else', decided: reason.kind === 'FALLTHROUGH' },
  ];
  return (
    <section aria-label="What they get">
      <p>
        Gets <Name>{JSON.stringify(answer.value)}</Name>
        {answer.variationId !== undefined && <span className="text-ink-2">, variation {answer.variationId}</span>}
      </p>
      <p className="mt-1 text-ink-2">{answer.because}</p>
      <ol className="mt-3 border-line border-t">
        {lines.map(({ name, decided }) => (
          <li
            key={name}
            aria-current={decided ? 'true' : undefined}
            className="border-line border-b px-2 py-1.5 text-ink-3 aria-[current=true]:border-l-2 aria-[current=true]:border-l-accent aria-[current=true]:bg-accent-wash aria-[current=true]:text-ink"
          >
            {name}
            {decided && <b className="text-accent"> decided</b>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function findJsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

import { type ReactNode, useState } from 'react';
import { keep, readKept } from '../platform.ts';
import { readJson } from '../read-json.ts';
import { Button } from '../ui/button.tsx';
import { fieldStyle } from '../ui/field.tsx';
import { join } from '../ui/join.ts';
import { RefusedNote } from '../ui/refused-note.tsx';

interface ContextFormProps {
  /** Under which name what was asked last is kept in this browser. */
  readonly kept: string;
  /** What stands there the first time. */
  readonly sample: string;
  readonly explain: (context: Readonly<Record<string, unknown>>) => void;
  readonly isBusy: boolean;
  readonly error: Error | null;
  readonly className?: string;
}

/** For whom something is to be explained: a context as JSON. */
export function ContextForm({ kept, sample, explain, isBusy, error, className }: ContextFormProps): ReactNode {
  const [text, setText] = useState(() => readKept(kept, sample));
  const { value, fault } = readJson(text);
  return (
    <form
      className={join('flex min-w-0 flex-col gap-3', className)}
      onSubmit={(event) => {
        event.preventDefault();
        if (fault !== undefined) return;
        keep(kept, text);
        // What is no context the server refuses, with the reason.
        explain(value as Readonly<Record<string, unknown>>);
      }}
    >
      <label className="block">
        <span className="mb-1 block text-ink-2">Who: a context, as code would give it; kind multi for several</span>
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
        <Button type="submit" refusal={fault} busy={isBusy && 'Asking'}>
          Explain
        </Button>
      </div>
      {error !== null && <RefusedNote error={error} />}
    </form>
  );
}

import { type ReactNode, useState } from 'react';
import { ApiError } from '../api.ts';
import { Field } from '../ui/field.tsx';

/** Whether somebody means what the server wants confirmed; the change says so then. */
export interface Insisting {
  readonly isOn: boolean;
  readonly set: (isOn: boolean) => void;
  /** What has to be typed where a mark is made too easily. */
  readonly key?: string;
}

/** What the server says where it would do it once it is confirmed, and the mark that does so. */
export function Insist({
  insisting,
  sentence,
}: {
  readonly insisting: Insisting;
  readonly sentence: string | undefined;
}): ReactNode {
  const [typed, setTyped] = useState('');
  const { key } = insisting;
  if (sentence === undefined && !insisting.isOn) return null;
  return (
    <div className="mt-1">
      {sentence !== undefined && <p className="text-amber-text">{sentence}</p>}
      {key === undefined ? (
        <label className="mt-1 inline-flex min-h-6 items-center gap-2 max-tablet:min-h-11">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={insisting.isOn}
            onChange={({ target }) => insisting.set(target.checked)}
          />
          I mean it
        </label>
      ) : (
        <Field
          label={`Type ${key} to confirm`}
          autoComplete="off"
          className="mt-1 max-w-80 [&_input]:font-mono"
          value={typed}
          onChange={({ target }) => {
            setTyped(target.value);
            insisting.set(target.value === key);
          }}
        />
      )}
    </div>
  );
}

/** Of a refusal that a confirmation would lift, the sentence; undefined: it is none. */
export function findConfirmation(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const text = error.errors[0]?.message ?? error.message;
  const [, sentence] = /^(.*); if (?:that is what you mean|you mean it all the same), confirm it/.exec(text) ?? [];
  return sentence === undefined ? undefined : `${sentence.replaceAll('`', '')}.`;
}

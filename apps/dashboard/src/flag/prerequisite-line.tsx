import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import type { Configuration } from './draft.ts';
import { Line } from './line.tsx';
import { Token } from './token.tsx';

type Prerequisite = Configuration['prerequisites'][number];

interface PrerequisiteLineProps {
  readonly prerequisite: Prerequisite;
  readonly isEdited: boolean;
  readonly change: (prerequisite: Prerequisite | undefined) => void;
}

/** Another flag that has to serve a variation; else this one is as if it were off. */
export function PrerequisiteLine({ prerequisite, isEdited, change }: PrerequisiteLineProps): ReactNode {
  const { flag, variation } = prerequisite;
  return (
    <li>
      <Line isEdited={isEdited}>
        Only when{' '}
        <Token
          label={`Prerequisite ${flag} serves ${variation}`}
          isEdited={isEdited}
          isInvalid={flag === '' || variation === ''}
          remove={() => change(undefined)}
          editor={(close) => <PrerequisiteEditor prerequisite={prerequisite} change={change} close={close} />}
        >
          {flag === '' ? 'choose a flag' : flag}
        </Token>{' '}
        serves <b className="font-mono">{variation === '' ? '…' : variation}</b>
        <span className="text-ink-2">, otherwise as if off. </span>
        <button
          type="button"
          className="min-h-6 rounded-control px-1.5 text-ink-3 hover:bg-hover hover:text-ink"
          aria-label={`Remove the prerequisite ${flag}`}
          onClick={() => change(undefined)}
        >
          Remove
        </button>
      </Line>
    </li>
  );
}

interface PrerequisiteEditorProps {
  readonly prerequisite: Prerequisite;
  readonly change: (prerequisite: Prerequisite) => void;
  readonly close: () => void;
}

function PrerequisiteEditor({ prerequisite, change, close }: PrerequisiteEditorProps): ReactNode {
  const [flag, setFlag] = useState(prerequisite.flag);
  const [variation, setVariation] = useState(prerequisite.variation);
  const isWhole = flag.trim() !== '' && variation.trim() !== '';
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWhole) return;
        change({ flag: flag.trim(), variation: variation.trim() });
        close();
      }}
    >
      <Field label="Flag" autoFocus value={flag} onChange={({ target }) => setFlag(target.value)} />
      <Field label="Has to serve" value={variation} onChange={({ target }) => setVariation(target.value)} />
      <div className="flex justify-end">
        <Button type="submit" refusal={isWhole ? undefined : 'both are needed'}>
          Done
        </Button>
      </div>
    </form>
  );
}

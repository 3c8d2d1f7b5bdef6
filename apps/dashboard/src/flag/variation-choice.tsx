import type { FlagView } from '@sluice/api-client';
import type { ReactNode } from 'react';

interface VariationChoiceProps {
  readonly variations: FlagView['variations'];
  readonly choose: (id: string) => void;
}

/** One of a flag's variations, with what it stands for. */
export function VariationChoice({ variations, choose }: VariationChoiceProps): ReactNode {
  return (
    <ul className="max-h-60 overflow-y-auto">
      {variations.map(({ id, name, value }) => (
        <li key={id}>
          <button
            type="button"
            className="w-full truncate rounded-control px-2 py-1 text-left hover:bg-hover max-tablet:min-h-11"
            onClick={() => choose(id)}
          >
            <span className="font-mono font-semibold">{id}</span>{' '}
            <span className="text-ink-2">{name ?? (JSON.stringify(value) === id ? '' : JSON.stringify(value))}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

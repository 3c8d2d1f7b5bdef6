import type { ChangeView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { Name } from '../ui/name.tsx';
import { splitDifference } from './split-difference.ts';

interface EffectsProps {
  readonly change: Pick<ChangeView, 'effects'>;
  /** The page is about the one object that is concerned: its key need not be said. */
  readonly isAlone?: boolean;
}

/** What a change did, object by object: what was is struck through, what came is in the accent. */
export function Effects({ change, isAlone = false }: EffectsProps): ReactNode {
  return (
    <ul className="flex flex-col gap-0.5">
      {change.effects.map((effect) => (
        <li key={`${effect.kind} ${effect.key} ${effect.text}`} className="min-w-0">
          {!(isAlone && change.effects.every(({ key }) => key === effect.key)) && <Name>{effect.key}</Name>}{' '}
          <EffectText text={effect.text} />
        </li>
      ))}
    </ul>
  );
}

/** One sentence, its names and values set apart. */
export function EffectText({ text }: { readonly text: string }): ReactNode {
  const { label, before, after, rest } = splitDifference(text);
  return (
    <span className="text-ink-2">
      <Code text={label} />{' '}
      {before !== undefined && (
        <del className="text-ink-3">
          <span className="sr-only">was </span>
          <Code text={before} />
        </del>
      )}{' '}
      {after !== undefined && (
        <ins className="font-semibold text-accent no-underline">
          <span className="sr-only">now </span>
          <Code text={after} />
        </ins>
      )}{' '}
      {rest !== undefined && <Code text={rest} />}
    </span>
  );
}

/** What stands between backticks is a name or a value. */
function Code({ text }: { readonly text: string }): ReactNode {
  return text.split('`').map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name.
      <span key={index} className="font-mono text-ink">
        {part}
      </span>
    ),
  );
}

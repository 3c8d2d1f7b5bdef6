import type { FlagRowView } from '@sluice/api-client';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { api } from '../api.ts';
import { usePlace } from '../place.ts';
import { after } from '../platform.ts';
import { fieldStyle } from '../ui/field.tsx';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Name } from '../ui/name.tsx';
import type { DecidedShare } from './decided.ts';
import type { Configuration } from './draft.ts';
import { Line } from './line.tsx';
import { Remove } from './remove.tsx';
import { Token } from './token.tsx';
import { VariationChoice } from './variation-choice.tsx';

type Prerequisite = Configuration['prerequisites'][number];

interface PrerequisiteLineProps {
  readonly prerequisite: Prerequisite;
  /** The flag that asks: it cannot require itself. */
  readonly asking: string;
  readonly isEdited: boolean;
  readonly change: (prerequisite: Prerequisite | undefined) => void;
  readonly decided: DecidedShare | undefined;
  readonly isLit: boolean;
}

/** Another flag that has to serve a variation; else this one is as if it were off. */
export function PrerequisiteLine({
  prerequisite,
  asking,
  isEdited,
  change,
  decided,
  isLit,
}: PrerequisiteLineProps): ReactNode {
  const { flag, variation } = prerequisite;
  return (
    <li data-line="prerequisite">
      <Line isEdited={isEdited} decided={decided} isLit={isLit}>
        Only when{' '}
        <Token
          label={flag === '' ? 'Choose a flag' : `Prerequisite ${flag}`}
          isEdited={isEdited}
          isInvalid={flag === ''}
          remove={() => change(undefined)}
          editor={(close) => (
            <FlagChoice
              without={asking}
              choose={(key) => {
                change(key === flag ? prerequisite : { flag: key, variation: '' });
                close();
              }}
            />
          )}
        >
          {flag === '' ? 'choose a flag' : flag}
        </Token>{' '}
        serves{' '}
        <Token
          label={variation === '' ? `Choose what ${flag} has to serve` : `${flag} has to serve ${variation}`}
          isStrong
          isEdited={isEdited}
          isInvalid={variation === ''}
          editor={
            flag === ''
              ? undefined
              : (close) => (
                  <VariationOf
                    flag={flag}
                    choose={(id) => {
                      change({ flag, variation: id });
                      close();
                    }}
                  />
                )
          }
        >
          {variation === '' ? 'choose' : variation}
        </Token>
        <span className="text-ink-2">, otherwise as if off. </span>
        <Remove what={`the prerequisite ${flag}`} act={() => change(undefined)} />
      </Line>
    </li>
  );
}

interface FlagChoiceProps {
  readonly without: string;
  readonly choose: (key: string) => void;
}

/** Finds another flag of the environment. */
function FlagChoice({ without, choose }: FlagChoiceProps): ReactNode {
  const place = usePlace();
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => after(120, () => setAsked(text)), [text]);
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flags', 'choice', asked],
    queryFn: async () => (await api.listFlagRows(place, { ...(asked !== '' && { search: asked }), limit: 20 })).items,
    placeholderData: (before: readonly FlagRowView[] | undefined) => before,
  });
  return (
    <>
      <input
        autoFocus
        type="search"
        aria-label="Find a flag"
        placeholder="Find a flag"
        className={fieldStyle}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <Loaded query={query} what="The flags" rows={2}>
        {(rows) => {
          const others = rows.filter(({ key }) => key !== without);
          return (
            <ul className="mt-2 max-h-60 overflow-y-auto">
              {others.map(({ key, kind }) => (
                <li key={key}>
                  <button
                    type="button"
                    className="flex w-full items-center gap-2 rounded-control px-2 py-1 text-left hover:bg-hover max-tablet:min-h-11"
                    onClick={() => choose(key)}
                  >
                    <KindIcon kind={kind} /> <Name isBold={false}>{key}</Name>
                  </button>
                </li>
              ))}
              {others.length === 0 && <li className="px-2 py-1 text-ink-2">There is no such flag here.</li>}
            </ul>
          );
        }}
      </Loaded>
    </>
  );
}

function VariationOf({ flag, choose }: { readonly flag: string; readonly choose: (id: string) => void }): ReactNode {
  const place = usePlace();
  const query = useQuery({
    queryKey: [place.project, place.environment, 'flag', flag],
    queryFn: () => api.getFlag(place, flag),
  });
  return (
    <Loaded query={query} what="The variations" rows={2}>
      {({ variations }) => <VariationChoice variations={variations} choose={choose} />}
    </Loaded>
  );
}

import type { EnvironmentFlagView } from '@sluice/api-client';
import { describeDifference, type FlagConfiguration, type FlagDefinition } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { EffectText } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { useFocusBack } from '../ui/focus-back.ts';
import { configurationOf } from './draft.ts';

interface ConflictProps {
  /** As somebody else left it. */
  readonly flag: EnvironmentFlagView;
  /** As the edits began with it, and as they have it. */
  readonly began: EnvironmentFlagView;
  readonly draft: EnvironmentFlagView;
  readonly keepMine: () => void;
  readonly takeTheirs: () => void;
}

/** Somebody else changed the flag while it was edited: both diffs, and never a silent merge. */
export function Conflict({ flag, began, draft, keepMine, takeTheirs }: ConflictProps): ReactNode {
  const place = usePlace();
  const last = useQuery({
    queryKey: [place.project, place.environment, 'changes', 'last', flag.key, flag.version],
    queryFn: async () => (await api.listChanges(place, { flag: flag.key, limit: 1 })).items[0],
  }).data;
  useFocusBack();
  return (
    <section
      role="alert"
      className="mx-6 my-3 rounded-control border border-amber-line bg-amber-wash px-4 py-3 max-tablet:mx-4"
    >
      <div className="flex flex-wrap items-center gap-2">
        <TriangleAlert aria-hidden size={15} className="text-amber-text" />
        <b className="mr-auto">
          {last?.actor ?? 'Somebody'} changed this flag {last === undefined ? 'just now' : <Ago at={last.createdAt} />}
        </b>
        <Button onClick={keepMine}>Keep mine</Button>
        <Button onClick={takeTheirs}>Take theirs</Button>
      </div>
      <dl className="mt-2 grid grid-cols-[4rem_1fr] gap-y-1">
        <dt className="text-ink-2">Theirs</dt>
        <dd>
          <Sentences before={began} after={flag} />
        </dd>
        <dt className="text-ink-2">Yours</dt>
        <dd>
          <Sentences before={began} after={draft} />
        </dd>
      </dl>
      <p className="mt-2 text-ink-2">
        Keeping yours sets the flag to what you see below; the review says what that undoes.
      </p>
    </section>
  );
}

function Ago({ at }: { readonly at: number }): ReactNode {
  return (
    <>
      <Age at={at} /> ago
    </>
  );
}

interface SentencesProps {
  readonly before: EnvironmentFlagView;
  readonly after: EnvironmentFlagView;
}

function Sentences({ before, after }: SentencesProps): ReactNode {
  const effects = describeDifference({ kind: 'flag', key: after.key }, stateOf(before), stateOf(after));
  return effects.map(({ text }) => (
    <span key={text} className="block">
      <EffectText text={text} />
    </span>
  ));
}

/** What the view lacks of a state is the same on both sides. */
function stateOf(flag: EnvironmentFlagView) {
  return {
    definition: flag as FlagDefinition,
    configuration: { ...configurationOf(flag), salt: '' } as FlagConfiguration,
  };
}

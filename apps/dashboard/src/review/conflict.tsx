import { describeDifference, type FlagState, type ObjectId, type SegmentState } from '@sluice/authoring';
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { EffectText } from '../changes/effects.tsx';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { useFocusBack } from '../ui/focus-back.ts';

/** What keeping one's own does where it is put on top of theirs. */
export const keepsBoth = 'Keeping yours does what you did on top of theirs; the review says what that changes.';

interface ConflictProps {
  readonly id: ObjectId;
  /** Of the object as somebody else left it. */
  readonly version: number;
  /** As the edits began with it, as somebody else left it, and as the edits have it. */
  readonly began: FlagState | SegmentState;
  readonly theirs: FlagState | SegmentState;
  readonly mine: FlagState | SegmentState;
  /** What keeping one's own does. */
  readonly note: string;
  readonly keepMine: () => void;
  readonly takeTheirs: () => void;
}

/** Somebody else changed what is edited: both diffs, and never a silent merge. */
export function Conflict({ id, version, began, theirs, mine, note, keepMine, takeTheirs }: ConflictProps): ReactNode {
  const place = usePlace();
  const last = useQuery({
    queryKey: [place.project, place.environment, 'changes', 'last', id.kind, id.key, version],
    queryFn: async () => (await api.listChanges(place, { [id.kind]: id.key, limit: 1 })).items[0],
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
          {last?.actor ?? 'Somebody'} changed this {id.kind}{' '}
          {last === undefined ? 'just now' : <Ago at={last.createdAt} />}
        </b>
        <Button onClick={keepMine}>Keep mine</Button>
        <Button onClick={takeTheirs}>Take theirs</Button>
      </div>
      <dl className="mt-2 grid grid-cols-[4rem_minmax(0,1fr)] gap-y-1">
        <dt className="text-ink-2">Theirs</dt>
        <dd className="wrap-anywhere">
          <Sentences id={id} before={began} after={theirs} />
        </dd>
        <dt className="text-ink-2">Yours</dt>
        <dd className="wrap-anywhere">
          <Sentences id={id} before={began} after={mine} />
        </dd>
      </dl>
      <p className="mt-2 text-ink-2">{note}</p>
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
  readonly id: ObjectId;
  readonly before: FlagState | SegmentState;
  readonly after: FlagState | SegmentState;
}

function Sentences({ id, before, after }: SentencesProps): ReactNode {
  return describeDifference(id, before, after).map(({ text }) => (
    <span key={text} className="block">
      <EffectText text={text} />
    </span>
  ));
}

import type { ChangeView, RevertSinceView } from '@sluice/api-client';
import { roleForRevertSince } from '@sluice/authoring';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ApiError, api } from '../api.ts';
import { useLiveStatus } from '../live/live.tsx';
import { usePlace } from '../place.ts';
import { useRefusal } from '../session/refusal.ts';
import { useEnvironment } from '../shell/environment.ts';
import { Button } from '../ui/button.tsx';
import { useNow } from '../ui/clock.tsx';
import { formatMoment } from '../ui/duration.ts';
import { useFocusBack } from '../ui/focus-back.ts';
import { join } from '../ui/join.ts';
import { Loaded } from '../ui/loaded.tsx';
import { RefusedNote } from '../ui/refused-note.tsx';
import { WhyField } from '../ui/why-field.tsx';
import { RevertEntry } from './revert-entry.tsx';
import { Untouched } from './untouched.tsx';

type RevertObject = RevertSinceView['objects'][number];

interface RevertSincePanelProps {
  readonly since: number;
  /** The line is not beside the panel where there is little room. */
  readonly move: (by: 'back' | 'forward') => void;
  readonly close: () => void;
  readonly applied: (change: ChangeView) => void;
}

/** What going back to a time would do, object by object, each of which may be left out; then does it by one change. */
export function RevertSincePanel({ since, move, close, applied }: RevertSincePanelProps): ReactNode {
  const place = usePlace();
  const environment = useEnvironment();
  const time = useNow();
  const { version = 0 } = useLiveStatus();
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [included, setIncluded] = useState<ReadonlySet<string>>(new Set());
  const [comment, setComment] = useState('');
  // Not among what a change makes old: what one reads here stays until one chooses, or looks again.
  const key = [place.project, place.environment, 'revert-since', since] as const;
  const chosen = { since, deselect: [...left], include: [...included] };
  const plan = useQuery({
    queryKey: [...key, 'plan', chosen],
    queryFn: () => api.revertSince(place, { ...chosen, dryRun: true }),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  });
  const { data } = plan;
  const shares = useQuery({
    queryKey: [...key, 'shares', data?.version, included.size > 0 && chosen.include],
    // Of all, whether selected or not: what one leaves out is not asked again.
    queryFn: () => api.previewRevertSince(place, { since, include: chosen.include }),
    placeholderData: keepPreviousData,
    enabled: data !== undefined && data.objects.length > 0,
    retry: false,
    gcTime: 0,
  });
  const revert = useMutation({
    mutationFn: ({ version: expectedVersion }: RevertSinceView) =>
      api.revertSince(place, { ...chosen, expectedVersion, ...(comment !== '' && { comment }) }),
    onSuccess: ({ change }) => {
      if (change !== undefined) applied(change);
    },
  });
  const forbidden = useRefusal(roleForRevertSince);
  const panel = useRef<HTMLElement>(null);
  useFocusBack();
  // What opened it is gone, and so is the panel of the time before; who is elsewhere in the page stays there.
  useEffect(() => {
    if (document.activeElement === document.body) panel.current?.focus({ preventScroll: true });
  }, []);
  const lookAgain = () => {
    revert.reset();
    void plan.refetch();
  };
  // What one ticks shows at once, before the server says what becomes of it.
  const isSelected = ({ kind, key: of, flagKind }: RevertObject) =>
    flagKind === 'migration' ? included.has(`${kind}:${of}`) : !left.has(`${kind}:${of}`);
  const selected = data?.objects.filter(isSelected).length ?? 0;
  const moment = formatMoment(since, time);
  const isStale = data !== undefined && version > data.version && !revert.isPending;
  return (
    <section
      ref={panel}
      tabIndex={-1}
      aria-label="Revert since"
      className="-outline-offset-2 flex min-h-0 flex-col border-line max-desktop:border-b desktop:w-106 desktop:shrink-0 desktop:border-l"
    >
      <div className="min-h-0 flex-1 overflow-y-auto px-6 py-4 max-tablet:px-4">
        <div className="flex items-start justify-between gap-2">
          <h2 className="text-panel">Back to how it was at {moment}</h2>
          <Button look="ghost" size="row" className="-mr-2.5 max-tablet:-my-2.5" aria-label="Close" onClick={close}>
            <X aria-hidden size={14} />
          </Button>
        </div>
        <div className="my-2 flex gap-2 desktop:hidden">
          <Button onClick={() => move('back')}>Further back</Button>
          <Button onClick={() => move('forward')}>Less</Button>
        </div>
        <Loaded query={plan} what="What it would do" rows={4}>
          {(view) => (
            <>
              <p className="text-ink-2">{introduce(view, selected)} Nothing is applied yet.</p>
              {isStale && (
                <div
                  role="status"
                  className="mt-3 flex flex-wrap items-center justify-between gap-2 rounded-control border border-amber-line bg-amber-wash px-3 py-2"
                >
                  <span>Something was changed since you looked. It is not in here.</span>
                  <Button onClick={lookAgain} busy={plan.isFetching && 'Looking'}>
                    Look again
                  </Button>
                </div>
              )}
              <ul aria-label="What is set back" className="mt-3 border-line border-t">
                {view.objects.map((object) => {
                  const name = `${object.kind}:${object.key}`;
                  return (
                    <RevertEntry
                      key={name}
                      object={{ ...object, isSelected: isSelected(object) }}
                      shares={shares.data}
                      toggle={() => {
                        if (object.flagKind === 'migration') setIncluded(toggled(included, name));
                        else setLeft(toggled(left, name));
                      }}
                    />
                  );
                })}
              </ul>
              <Untouched untouched={view.untouched} />
            </>
          )}
        </Loaded>
      </div>
      <div
        className={join(
          'flex flex-col gap-3 bg-raised px-6 py-4 max-desktop:sticky max-desktop:bottom-0 max-desktop:z-10 max-tablet:px-4',
          environment.isProduction ? 'border-production-line border-t-2' : 'border-line-strong border-t border-dashed',
        )}
      >
        <WhyField placeholder="Why? Shown in history and on Now" value={comment} change={setComment} />
        {isConflict(revert.error) ? (
          <div role="alert" className="text-red-text">
            <b>Nothing was applied.</b> {sentence(revert.error.message)}{' '}
            <button type="button" className="font-semibold underline" onClick={lookAgain}>
              Look again
            </button>
          </div>
        ) : (
          <RefusedNote error={revert.error} />
        )}
        <div className="flex flex-wrap items-center justify-end gap-3">
          <span className="mr-auto text-ink-2">{forbidden === undefined ? 'All or none.' : `${forbidden}.`}</span>
          <Button look="ghost" onClick={close}>
            Cancel
          </Button>
          <Button
            look="write"
            isProduction={environment.isProduction}
            busy={revert.isPending && 'Reverting'}
            refusal={
              forbidden ??
              (data === undefined
                ? 'what it would do is not known'
                : selected === 0
                  ? 'nothing is selected'
                  : undefined)
            }
            onClick={() => data !== undefined && revert.mutate(data)}
          >
            Revert {selected} in {environment.name}
          </Button>
        </div>
      </div>
    </section>
  );
}

function introduce({ objects, because }: RevertSinceView, selected: number): string {
  if (objects.length === 0 && because !== undefined) return sentence(because);
  if (selected === 0) return 'Nothing is selected.';
  return `One change that sets ${selected === 1 ? '1 object to its' : `${selected} objects to their`} state then.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const next = new Set(names);
  if (!next.delete(name)) next.add(name);
  return next;
}

function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 'conflict';
}

import type { ChangeView } from '@sluice/api-client';
import { Fragment, type PointerEvent, type ReactNode, useEffect, useRef } from 'react';
import { isTyping } from '../shell/shortcuts.tsx';
import { useNow } from '../ui/clock.tsx';
import { formatMoment } from '../ui/duration.ts';
import { LongList } from '../ui/long-list.tsx';
import { ChangeRow } from './change-row.tsx';
import { findFlagsToTurnOff } from './flags-to-turn-off.ts';
import { SinceBar } from './since-bar.tsx';
import { countSince, findSince, moveSince } from './since-line.ts';
import { useSince } from './use-since.ts';

interface TimelineProps {
  /** The newest first. */
  readonly changes: readonly ChangeView[];
  readonly label: string;
  /** There are earlier ones, which are not here. */
  readonly hasMore?: boolean;
  /** Only some of all changes are shown; going back is about all of them. */
  readonly isFiltered?: boolean;
  /** Opens what going back to the line would do; absent where that is open already. */
  readonly revertSince?: (() => void) | undefined;
  /** Rows of release flags offer to turn these off, on a phone. */
  readonly canTurnOff?: boolean;
}

/** Changes in the order of time, and between them the blue line. */
export function Timeline({
  changes,
  label,
  hasMore = false,
  isFiltered = false,
  revertSince,
  canTurnOff = false,
}: TimelineProps): ReactNode {
  const [since, setSince] = useSince();
  const isDragging = useRef(false);
  const count = countSince(changes, since);
  const toTurnOff = findFlagsToTurnOff(changes);
  const held = useRef<{ readonly button: string | undefined; readonly since: number | undefined }>(undefined);
  const move = (by: 'back' | 'forward') => {
    held.current = { button: document.activeElement?.closest<HTMLElement>('[data-move]')?.dataset.move, since };
    setSince(moveSince(changes, since, by));
  };

  // The line is another at each place; whoever pressed one of its buttons goes on with that.
  useEffect(() => {
    if (held.current === undefined || held.current.since === since) return;
    const { button } = held.current;
    held.current = undefined;
    if (button === undefined) return;
    const again = document.querySelector<HTMLElement>(`[data-move=${button}]`);
    (again ?? document.getElementById('main'))?.focus();
  });

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      if (event.key === '[') move('back');
      else if (event.key === ']') move('forward');
      else if (event.key === 'R') {
        if (since === undefined) move('back');
        else revertSince?.();
      } else return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });

  // The list holds the pointer, as the line itself is moved about in it.
  const grasp = (event: PointerEvent) => {
    event.currentTarget.closest('ul')?.setPointerCapture(event.pointerId);
    isDragging.current = true;
  };
  const drag = ({ currentTarget, clientY }: PointerEvent) => {
    if (!isDragging.current) return;
    const rows = [...currentTarget.querySelectorAll<HTMLElement>('[data-index]')];
    const last = rows.findLast((row) => {
      const { top, height } = row.getBoundingClientRect();
      return top + height / 2 < clientY;
    });
    const above = Number(last?.dataset.index ?? -1) + 1;
    if (above !== count && above > 0) setSince(findSince(changes, above));
  };
  const release = () => {
    isDragging.current = false;
  };

  return (
    <LongList
      rows={changes}
      keyOf={({ id }) => id}
      total={hasMore ? -1 : changes.length}
      aria-label={label}
      onPointerMove={drag}
      onPointerUp={release}
      onPointerCancel={release}
      className="@container -mx-6 border-line border-t max-tablet:-mx-4"
    >
      {(change, at, index) => (
        <Fragment key={change.id}>
          <ChangeRow
            change={change}
            at={at}
            isSince={index < count}
            turnOff={canTurnOff ? toTurnOff.get(change.id) : undefined}
            gap={<Gap at={findSince(changes, index + 1)} set={setSince} />}
          />
          {since !== undefined && index === count - 1 && (
            <SinceBar
              since={since}
              count={isFiltered ? undefined : count}
              move={move}
              grasp={grasp}
              revert={revertSince}
            />
          )}
        </Fragment>
      )}
    </LongList>
  );
}

/** Between two rows, for the pointer: a click moves the line here. */
function Gap({ at, set }: { readonly at: number | undefined; readonly set: (since: number) => void }): ReactNode {
  const time = useNow();
  if (at === undefined) return null;
  return (
    <button
      type="button"
      aria-hidden
      tabIndex={-1}
      onClick={() => set(at)}
      className="absolute inset-x-0 -bottom-1.5 z-10 flex h-3 items-center opacity-0 hover:opacity-100 max-tablet:hidden"
    >
      <span className="h-0.5 flex-1 bg-accent" />
      <span className="figures rounded-chip bg-accent px-1.5 text-hint text-on-accent">
        since {formatMoment(at, time)}
      </span>
      <span className="h-0.5 w-6 bg-accent" />
    </button>
  );
}

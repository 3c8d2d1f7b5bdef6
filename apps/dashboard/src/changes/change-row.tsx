import type { ChangeView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, type ReactNode, useState } from 'react';
import { ConvergenceBar } from '../convergence/convergence-bar.tsx';
import { usePlace } from '../place.ts';
import { isTyping } from '../shell/shortcuts.tsx';
import { Button } from '../ui/button.tsx';
import { useNow } from '../ui/clock.tsx';
import { formatExact, formatMoment } from '../ui/duration.ts';
import { linkIncidents } from '../ui/incidents.tsx';
import { join } from '../ui/join.ts';
import type { RowPlace } from '../ui/long-list.tsx';
import { Effects } from './effects.tsx';
import { RevertDialog } from './revert-dialog.tsx';
import { TurnOffDialog } from './turn-off-dialog.tsx';

interface ChangeRowProps {
  readonly change: ChangeView;
  readonly at: RowPlace;
  /** It is above the blue line. */
  readonly isSince?: boolean;
  /** The flag that the row offers to turn off, on a phone. */
  readonly turnOff?: string | undefined;
  /** Between this row and the next. */
  readonly gap?: ReactNode;
}

/** Of one change so many things are shown in a row; its own page has all. */
const effectsShown = 4;

/** A change: when, what in words, by whom and why, how far it got, and the way back. */
export function ChangeRow({ change, at, isSince = false, turnOff, gap }: ChangeRowProps): ReactNode {
  const [open, setOpen] = useState<'revert' | 'turn-off'>();
  const place = usePlace();
  const time = useNow();
  const { id, createdAt, effects, actor, comment, version } = change;
  const object = effects[0]?.key ?? `version ${version}`;
  const close = () => setOpen(undefined);
  const press = (event: KeyboardEvent<HTMLLIElement>) => {
    if (event.key !== 'r' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.nativeEvent)) return;
    event.preventDefault();
    setOpen('revert');
  };
  return (
    <li
      {...at}
      onKeyDown={press}
      className={join(
        'relative grid min-h-9 items-start gap-x-4 gap-y-0.5 border-line border-b py-1.5 pr-6 max-tablet:grid-cols-[minmax(0,1fr)_auto] max-tablet:py-2.5 max-tablet:pr-4 tablet:grid-cols-[4.5rem_minmax(0,1fr)_auto_auto] tablet:@4xl:grid-cols-[4.5rem_minmax(0,1fr)_9rem_11rem_auto]',
        isSince ? 'border-l-2 border-l-accent pl-5.5 max-tablet:pl-3.5' : 'pl-6 max-tablet:pl-4',
      )}
    >
      <span className="flex flex-wrap items-center gap-x-3 max-tablet:row-start-2 tablet:contents">
        <Link
          data-row
          to="/$project/$environment/changes/$key"
          params={{ ...place, key: id }}
          aria-label={`Change of ${object} by ${actor}, ${formatExact(createdAt)}`}
          title={formatExact(createdAt)}
          className="figures whitespace-nowrap text-ink-2 hover:text-ink hover:underline max-tablet:inline-flex max-tablet:min-h-6 max-tablet:items-center tablet:col-start-1 tablet:row-start-1"
        >
          {formatMoment(createdAt, time)}
        </Link>
        <span className="tablet:col-start-3 tablet:row-start-1 tablet:justify-self-end tablet:@4xl:col-start-4 tablet:@4xl:justify-self-start">
          <ConvergenceBar change={change} />
        </span>
      </span>
      <div className="min-w-0 max-tablet:row-start-1 tablet:col-start-2 tablet:row-start-1">
        <Effects change={change} most={effectsShown} />
        <p className={join('text-ink-2', comment === '' && '@4xl:hidden')}>
          <span className="@4xl:hidden">{actor} </span>
          {comment !== '' && <>“{linkIncidents(comment)}”</>}
        </p>
      </div>
      <span className="hidden min-w-0 text-ink-2 tablet:@4xl:col-start-3 tablet:@4xl:row-start-1 tablet:@4xl:block">
        {actor}
      </span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-2 max-tablet:row-start-1 max-tablet:self-center tablet:col-start-4 tablet:row-start-1 tablet:-my-0.5 tablet:-mr-2.5 tablet:@4xl:col-start-5">
        {turnOff !== undefined && (
          <Button className="tablet:hidden" aria-label={`Turn off ${turnOff}`} onClick={() => setOpen('turn-off')}>
            Turn off…
          </Button>
        )}
        <Button
          look="ghost"
          size="row"
          className={join(
            'max-tablet:border-line-strong max-tablet:bg-raised',
            turnOff !== undefined && 'max-tablet:hidden',
          )}
          aria-label={`Revert the change of ${object}`}
          onClick={() => setOpen('revert')}
        >
          Revert…
        </Button>
      </span>
      {gap}
      {open === 'revert' && <RevertDialog change={change} close={close} />}
      {open === 'turn-off' && turnOff !== undefined && <TurnOffDialog flag={turnOff} close={close} />}
    </li>
  );
}

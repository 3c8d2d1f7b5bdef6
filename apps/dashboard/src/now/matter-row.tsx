import type { MatterView } from '@sluice/api-client';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { usePlace } from '../place.ts';
import { Button } from '../ui/button.tsx';
import { Chip } from '../ui/chip.tsx';
import { OffNormalClock } from '../ui/clock.tsx';
import { countOf, formatCount } from '../ui/duration.ts';
import { linkIncidents } from '../ui/incidents.tsx';
import { join } from '../ui/join.ts';
import { KindIcon } from '../ui/kind-icon.tsx';
import { Name } from '../ui/name.tsx';
import { RestoreDialog } from '../valves/restore-dialog.tsx';

const columns = 'tablet:grid-cols-[minmax(0,10fr)_minmax(0,9fr)_minmax(0,11fr)_6rem]';

/** What stands in the columns of the rows below; each row says so in its own words to those who do not see it. */
export function MatterHeader(): ReactNode {
  return (
    <div aria-hidden className={join('grid gap-x-4 pb-1.5 text-ink-3 max-tablet:hidden', columns)}>
      <span>What, mode, for whom</span>
      <span>For how long, and its planned end</span>
      <span>Who and why</span>
    </div>
  );
}

/** One thing that is off normal: what and for whom, since when and until when, by whom and why, and the way back. */
export function MatterRow({ matter }: { readonly matter: MatterView }): ReactNode {
  const isRed = matter.kind === 'refused' || (matter.kind === 'valve' && matter.isOverdue);
  const edge = isRed ? 'border-l-red' : matter.kind === 'migration' ? 'border-l-series-2' : 'border-l-amber';
  return (
    <li
      data-edge
      className={join(
        'grid min-h-10 items-center gap-x-4 gap-y-1 border-line border-b border-l-4 pr-6 pl-5 py-1.5 max-tablet:grid-cols-[1fr_auto] max-tablet:px-4 max-tablet:py-3',
        columns,
        edge,
      )}
    >
      <What matter={matter} />
      <span className="max-tablet:col-start-1 max-tablet:row-start-3">
        {matter.since !== undefined && (
          <OffNormalClock since={matter.since} until={'until' in matter ? matter.until : undefined} />
        )}
      </span>
      <span className="text-ink-2 max-tablet:col-start-1">
        <Why matter={matter} />
      </span>
      <span className="max-tablet:col-start-2 max-tablet:row-span-2 max-tablet:row-start-1 max-tablet:self-center tablet:justify-self-end">
        <Act matter={matter} />
      </span>
    </li>
  );
}

function What({ matter }: { readonly matter: MatterView }): ReactNode {
  switch (matter.kind) {
    case 'valve':
      return (
        <Row kind="valve" name={matter.flag} chip={<Chip tone="tripped">{matter.mode}</Chip>}>
          {matter.scope}
        </Row>
      );
    case 'refused':
      return (
        <Row
          kind={matter.flag === undefined ? 'instance' : 'config'}
          name={matter.flag ?? 'a change'}
          chip={<Chip tone="refused">refused</Chip>}
        >
          {formatCount(matter.instances)} of {countOf(matter.of, 'instance')}
        </Row>
      );
    case 'behind':
      return (
        <Row kind="instance" name={matter.names[0] ?? 'instances'} chip={<Chip tone="between">behind</Chip>}>
          {formatCount(matter.instances)} of {countOf(matter.of, 'instance')}
        </Row>
      );
    case 'migration':
      return (
        <Row kind="migration" name={matter.flag} chip={<Chip tone="between">{matter.stages.join(', ')}</Chip>}>
          between two stores
        </Row>
      );
  }
}

interface RowProps {
  readonly kind: 'valve' | 'config' | 'migration' | 'instance';
  readonly name: string;
  readonly chip: ReactNode;
  readonly children: ReactNode;
}

function Row({ kind, name, chip, children }: RowProps): ReactNode {
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
      <KindIcon kind={kind} />
      <Name>{name}</Name>
      {chip}
      <span className="text-ink-2">{children}</span>
    </span>
  );
}

function Why({ matter }: { readonly matter: MatterView }): ReactNode {
  switch (matter.kind) {
    case 'valve':
      return (
        <>
          <b className="font-semibold text-ink">{matter.by}</b> {linkIncidents(matter.why)}{' '}
          {matter.incident !== undefined && linkIncidents(matter.incident)}
        </>
      );
    case 'migration':
      return (
        <>
          <b className="font-semibold text-ink">{matter.by}</b> moves it
        </>
      );
    case 'refused':
      return matter.reason;
    case 'behind':
      return <>{matter.names.slice(0, 3).join(', ')} still on an earlier version</>;
  }
}

function Act({ matter }: { readonly matter: MatterView }): ReactNode {
  const place = usePlace();
  const [isOpen, setOpen] = useState(false);
  const style =
    'inline-flex h-7 items-center rounded-control border border-line-strong bg-raised px-2.5 font-medium hover:bg-hover max-tablet:h-11';
  switch (matter.kind) {
    case 'valve':
      return (
        <>
          <Button aria-label={`Restore ${matter.flag}`} onClick={() => setOpen(true)}>
            Restore…
          </Button>
          {isOpen && <RestoreDialog valve={matter.flag} trip={matter.rule} close={() => setOpen(false)} />}
        </>
      );
    case 'migration':
      return (
        <Link to="/$project/$environment/migrations/$key" params={{ ...place, key: matter.flag }} className={style}>
          Open
        </Link>
      );
    case 'refused':
    case 'behind':
      return (
        <Link to="/$project/$environment/fleet" params={place} search={{ state: matter.kind }} className={style}>
          See {formatCount(matter.instances)}
        </Link>
      );
  }
}

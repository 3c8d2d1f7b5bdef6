import type { MigrationBarrierView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';
import { Section } from './section.tsx';

const shown = 8;

/** Records that instances have yet to make equal in both stores. */
export function RepairQueue({ repairs }: { readonly repairs: MigrationBarrierView['repairs'] }): ReactNode {
  const { depth, oldestMs, instances, queues, dirty } = repairs;
  const more = instances.length - Math.min(shown, queues.length);
  return (
    <Section
      title="Repair queue"
      beside={depth === 0 ? 'empty' : `${formatCount(depth)}, oldest ${formatDuration(oldestMs)}`}
    >
      <ul>
        {queues.slice(0, shown).map((queue) => (
          <li key={queue.instance} className="flex flex-wrap justify-between gap-x-3 border-line border-b py-1.5">
            <Name isBold={false}>{queue.instance}</Name>
            <span className="figures">
              <b>{formatCount(queue.depth)}</b>{' '}
              <span className="inline-block min-w-14 text-right text-ink-2">{formatDuration(queue.oldestMs)}</span>
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && <p className="py-1.5 text-ink-2">{formatCount(more)} more instances</p>}
      {dirty.length > 0 && (
        <p className="py-1.5 text-red-text">
          {dirty.join(', ')} could not keep all records that are to be repaired. Compare all of both stores, then call{' '}
          <span className="font-mono">markClean()</span> there.
        </p>
      )}
    </Section>
  );
}

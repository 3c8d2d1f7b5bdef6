import type { RevertSinceView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { Name } from '../ui/name.tsx';

/** What was changed since and stays as it is, and why. */
export function Untouched({ untouched }: Pick<RevertSinceView, 'untouched'>): ReactNode {
  if (untouched.length === 0) return null;
  return (
    <section className="mt-4 text-ink-2">
      <h3 className="text-ink">Not touched</h3>
      <ul>
        {untouched.map(({ kind, key, reason }) => (
          <li key={`${kind} ${key} ${reason}`} className="mt-1">
            <Name isBold={false}>{key}</Name>: {reason}
          </li>
        ))}
      </ul>
    </section>
  );
}

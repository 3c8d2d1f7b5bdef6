import type { ValveRowView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { formatShare } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';

interface TopAccountsProps {
  readonly valve: Pick<ValveRowView, 'key' | 'lately'>;
  readonly most?: number;
  /** Opens the trip for one of them. */
  readonly degrade: (account: string) => void;
}

/** Who called most in five minutes; each can be degraded alone. */
export function TopAccounts({ valve, most = 3, degrade }: TopAccountsProps): ReactNode {
  const accounts = valve.lately.accounts.slice(0, most);
  if (accounts.length === 0) return <p className="text-ink-3">No account called</p>;
  return (
    <ul aria-label={`Top accounts of ${valve.key}`}>
      {accounts.map(({ account, share }) => (
        <li
          key={account}
          className="group grid min-h-6 grid-cols-[minmax(0,1fr)_1.75rem_2.75rem_auto] items-center gap-x-2"
        >
          <span className="truncate" title={account}>
            <Name isBold={false}>{account}</Name>
          </span>
          <svg aria-hidden width="28" height="4">
            <rect width="28" height="4" rx="2" className="fill-series-3" />
            <rect width={28 * share} height="4" rx="2" className="fill-series-2" />
          </svg>
          <span className="figures text-right text-ink-2">{formatShare(share)}</span>
          <button
            type="button"
            aria-label={`Degrade ${account} in ${valve.key}`}
            className="link min-h-6 whitespace-nowrap opacity-0 focus-visible:opacity-100 group-first:opacity-100 group-hover:opacity-100"
            onClick={() => degrade(account)}
          >
            Degrade…
          </button>
        </li>
      ))}
    </ul>
  );
}

import { Check, Circle } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Gate } from './gates.ts';

/** A requirement with what was measured; an open one says what is missing. */
export function GateLine({ gate }: { readonly gate: Gate }): ReactNode {
  const { requirement, isMet, value, share, missing } = gate;
  return (
    <li className="grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-2 border-line border-b py-2">
      <span className="pt-0.5">
        {isMet ? (
          <Check aria-label="met" size={15} />
        ) : (
          <Circle aria-label="open" size={15} strokeWidth={3} className="text-amber" />
        )}
      </span>
      <div className="min-w-0">
        <div className="flex flex-wrap justify-between gap-x-3">
          <span className={isMet ? '' : 'font-semibold'}>{requirement}</span>
          <span className={isMet ? 'figures text-ink-2' : 'figures font-semibold text-amber-text'}>{value}</span>
        </div>
        {!isMet && share !== undefined && (
          <span aria-hidden className="mt-1 block h-1.5 rounded-bar bg-series-3">
            <span className="block h-full rounded-bar bg-amber" style={{ width: `${share * 100}%` }} />
          </span>
        )}
        {missing !== undefined && <p className="mt-0.5 text-ink-2">{missing}</p>}
      </div>
    </li>
  );
}

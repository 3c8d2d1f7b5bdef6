import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLiveStatus } from '../live/live.tsx';
import { useNow } from '../ui/clock.tsx';
import { formatDuration, formatExact } from '../ui/duration.ts';

/** The only banner: the page lost its server. */
export function ContactBanner(): ReactNode {
  const { state, contactAt, retry } = useLiveStatus();
  const time = useNow(contactAt);
  if (state !== 'lost') return null;
  return (
    <div role="alert" className="flex min-h-9 flex-wrap items-center gap-x-2 bg-amber px-4 py-1.5 text-on-amber">
      <TriangleAlert aria-hidden size={14} />
      <b>No contact for {formatDuration(Math.max(8000, time - contactAt))}.</b>
      <span>
        This page shows <time title={formatExact(contactAt)}>{new Date(contactAt).toLocaleTimeString('en-GB')}</time>.
        Your applications keep working.
      </span>
      <button type="button" className="ml-auto font-semibold underline-offset-2 hover:underline" onClick={retry}>
        Try now
      </button>
    </div>
  );
}

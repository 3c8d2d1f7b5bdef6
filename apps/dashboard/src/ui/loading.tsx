import { type ReactNode, useEffect, useState } from 'react';
import { after } from '../platform.ts';

/** The shape of what comes, once it is late enough to be noticed. */
export function Loading({ rows = 6 }: { readonly rows?: number }): ReactNode {
  const [isLate, setLate] = useState(false);
  useEffect(() => after(150, () => setLate(true)), []);
  // Nothing to see yet; who asks whether the page is whole is told that it is not.
  if (!isLate) return <div data-loading hidden />;
  const widths = ['w-3/5', 'w-4/5', 'w-2/5'];
  return (
    <div data-loading role="status" aria-label="Loading" className="flex flex-col gap-3 py-3">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same.
        <div key={index} className={`h-3 rounded-bar bg-hover ${widths[index % 3]}`} />
      ))}
    </div>
  );
}

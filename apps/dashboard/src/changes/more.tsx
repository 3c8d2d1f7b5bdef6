import { type ReactNode, useEffect, useRef } from 'react';
import { Button } from '../ui/button.tsx';

/** At the end of a list: brings what is earlier once one comes near, or asks for it. */
export function More({ isBusy, load }: { readonly isBusy: boolean; readonly load: () => void }): ReactNode {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isBusy || end.current === null) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && load(), { rootMargin: '400px' });
    observer.observe(end.current);
    return () => observer.disconnect();
  });
  return (
    <div ref={end} className="pt-3">
      <Button busy={isBusy && 'Loading'} onClick={load}>
        Show earlier
      </Button>
    </div>
  );
}

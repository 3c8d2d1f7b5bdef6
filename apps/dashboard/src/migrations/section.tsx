import type { ReactNode } from 'react';
import { join } from '../ui/join.ts';

interface SectionProps {
  readonly title: string;
  /** What there is to say of all of it. */
  readonly beside?: ReactNode;
  readonly end?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A part of the page: a heading and a hairline. */
export function Section({ title, beside, end, className, children }: SectionProps): ReactNode {
  return (
    <section aria-label={title} className={join('min-w-0', className)}>
      <div className="flex min-h-8 flex-wrap items-center gap-x-3 border-line border-b pb-1">
        <h2>{title}</h2>
        {beside !== undefined && (
          <span className="figures min-w-0 text-ink-2 max-tablet:basis-full tablet:flex-1">{beside}</span>
        )}
        {end !== undefined && <div className="tablet:ml-auto">{end}</div>}
      </div>
      {children}
    </section>
  );
}

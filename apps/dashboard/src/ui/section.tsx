import type { ReactNode } from 'react';

interface SectionProps {
  readonly title: string;
  /** In one line what it is. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a page: a heading, what can be done about it, and rows below a hairline. */
export function Section({ title, note, actions, children }: SectionProps): ReactNode {
  return (
    <section className="mt-8 first:mt-2" aria-label={title}>
      <div className="mb-2 flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h2 className="text-panel">{title}</h2>
          {note !== undefined && <p className="max-w-160 text-ink-2">{note}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** Rows to the edges of the page. */
export function Rows({ label, children }: { readonly label: string; readonly children: ReactNode }): ReactNode {
  return (
    <ul aria-label={label} className="-mx-6 border-line border-t max-tablet:-mx-4">
      {children}
    </ul>
  );
}

export function Row({ columns, children }: { readonly columns: string; readonly children: ReactNode }): ReactNode {
  return (
    <li
      data-row
      tabIndex={-1}
      className={`grid min-h-10 items-center gap-x-4 gap-y-0.5 border-line border-b px-6 py-1.5 outline-offset-[-2px] hover:bg-sunk max-tablet:grid-cols-[1fr_auto] max-tablet:px-4 max-tablet:py-2.5 ${columns}`}
    >
      {children}
    </li>
  );
}

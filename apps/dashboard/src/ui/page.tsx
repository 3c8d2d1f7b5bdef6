import { type ReactNode, useEffect } from 'react';

interface PageProps {
  /** The sentence at the top. */
  readonly title: ReactNode;
  /** Of the browser's window. */
  readonly name: string;
  readonly beside?: ReactNode;
  readonly below?: ReactNode;
  readonly actions?: ReactNode;
  /** The content reaches to the edges, and where there is room fills what is left of the height. */
  readonly isFilled?: boolean;
  readonly children: ReactNode;
}

/** A heading, what can be done about all of it, and the content. */
export function Page({ title, name, beside, below, actions, isFilled = false, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${name} · Sluice`;
  }, [name]);
  return (
    <>
      <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-6 pt-5 pb-3 max-tablet:px-4">
        <div className="min-w-0">
          <div className="flex flex-wrap items-baseline gap-x-3">
            <h1 className="min-w-0 text-title">{title}</h1>
            {beside !== undefined && <div className="text-ink-2">{beside}</div>}
          </div>
          {below !== undefined && <p className="mt-0.5 text-ink-2">{below}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div className={isFilled ? 'flex min-h-0 flex-1 flex-col' : 'px-6 pb-10 max-tablet:px-4'}>{children}</div>
    </>
  );
}

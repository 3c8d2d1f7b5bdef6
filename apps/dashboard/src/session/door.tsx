import { type ReactNode, useEffect } from 'react';

interface DoorProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** The frame of the pages before one is inside. */
export function Door({ title, children }: DoorProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Sluice`;
  }, [title]);
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-90 flex-col justify-center px-4 py-10">
      <p className="mb-6 flex items-center gap-2 font-semibold text-panel">
        <img src="/icon.svg" alt="" width="22" height="22" className="dark:invert" /> Sluice
      </p>
      <h1 className="text-title">{title}</h1>
      {children}
    </main>
  );
}

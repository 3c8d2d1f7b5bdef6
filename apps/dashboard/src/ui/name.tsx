import type { ReactNode } from 'react';
import { join } from './join.ts';

/** Key of an object, a path, an instance: monospaced, whole; it breaks where it must. */
export function Name({
  children,
  isBold = true,
  className,
}: {
  readonly children: ReactNode;
  readonly isBold?: boolean;
  readonly className?: string;
}): ReactNode {
  return <span className={join('min-w-0 break-all font-mono', isBold && 'font-semibold', className)}>{children}</span>;
}

/** A key in a row of one line: too long, its middle is left out; the full name is in its title. */
export function ShortName({ name }: { readonly name: string }): ReactNode {
  const tail = name.length > 24 ? name.slice(-8) : '';
  return (
    <span title={name} className="flex min-w-0 font-mono font-semibold">
      <span className="sr-only">{name}</span>
      <span aria-hidden className="truncate">
        {name.slice(0, name.length - tail.length)}
      </span>
      {tail !== '' && (
        <span aria-hidden className="shrink-0 whitespace-nowrap">
          {tail}
        </span>
      )}
    </span>
  );
}

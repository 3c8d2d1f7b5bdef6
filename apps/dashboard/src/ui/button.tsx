import { Lock } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { join } from './join.ts';
import { Reason } from './reason.tsx';

interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  /** `write` is filled in production and outlined elsewhere, `ghost` has no border and stands in rows. */
  readonly look?: 'quiet' | 'ghost' | 'write' | 'accent';
  readonly isProduction?: boolean;
  readonly size?: 'control' | 'row';
  /** What it is doing right now, in place of its label: "Copying". */
  readonly busy?: string | false;
  /** Why this person cannot do it now, in words; it stays where it is, and says so on hover, focus and press. */
  readonly refusal?: string | undefined;
  readonly children: ReactNode;
}

const looks = {
  quiet: 'border border-line-strong bg-raised hover:bg-hover',
  ghost: 'border border-transparent hover:bg-hover',
  accent: 'border border-accent bg-raised text-accent hover:bg-accent-wash',
} as const;

/** A verb, and its object where that is not in view; "…" at the end: it asks before it acts. */
export function Button({
  look = 'quiet',
  isProduction = false,
  size = 'control',
  busy = false,
  refusal,
  children,
  className,
  onClick,
  ...rest
}: ButtonProps): ReactNode {
  const isRefused = refusal !== undefined;
  const style =
    look === 'write'
      ? isProduction
        ? 'border border-production bg-production text-white hover:brightness-110'
        : 'border border-ink bg-raised hover:bg-hover'
      : looks[look];
  const button = (
    <button
      type="button"
      aria-disabled={isRefused || busy !== false || undefined}
      onClick={isRefused || busy !== false ? (event) => event.preventDefault() : onClick}
      className={join(
        'inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-control px-2.5 font-medium',
        size === 'row' ? 'h-6 max-tablet:h-11' : 'h-7 max-tablet:h-11',
        isRefused ? 'border border-line-strong border-dashed bg-sunk text-ink-3' : style,
        className,
      )}
      {...rest}
    >
      {isRefused && <Lock aria-hidden size={13} />}
      {busy === false ? children : busy}
    </button>
  );
  return isRefused ? <Reason words={refusal}>{button}</Reason> : button;
}

import { ArrowRightLeft, CircleDot, Flag, Grid2x2, SlidersHorizontal } from 'lucide-react';
import type { ReactNode } from 'react';

/** Two wings and a wheel: a valve as drawings of plants have it. */
export function ValveIcon({ size = 14 }: { readonly size?: number }): ReactNode {
  return (
    <svg
      aria-hidden
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinejoin="round"
    >
      <path d="M2 6v8l6-4-6-4Zm12 0v8l-6-4 6-4ZM8 10V4M5.5 3.5h5" />
    </svg>
  );
}

const icons = {
  release: <Flag aria-hidden size={14} />,
  valve: <ValveIcon />,
  config: <SlidersHorizontal aria-hidden size={14} />,
  migration: <ArrowRightLeft aria-hidden size={14} />,
  segment: <CircleDot aria-hidden size={14} />,
  instance: <Grid2x2 aria-hidden size={14} />,
} as const;

/** Of a kind of flag, a segment or an instance; the word is beside it, or said to those who do not see it. */
export function KindIcon({ kind }: { readonly kind: keyof typeof icons }): ReactNode {
  return (
    <span className="inline-flex shrink-0 text-ink-2">
      {icons[kind]}
      <span className="sr-only">{kind}</span>
    </span>
  );
}

import type { ReactNode } from 'react';
import { join } from './join.ts';

const tones = {
  neutral: 'border-line-strong bg-raised text-ink-2',
  tripped: 'border-amber bg-amber font-semibold text-on-amber',
  between: 'border-amber-line bg-amber-wash text-amber-text',
  refused: 'border-red-line bg-red-wash text-red-text',
  accent: 'border-accent-line bg-accent-wash text-accent',
  production: 'border-production bg-production font-semibold text-white',
} as const;

/** A fact, never a button. */
export function Chip({
  tone = 'neutral',
  children,
}: {
  readonly tone?: keyof typeof tones;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <span
      className={join('inline-flex min-h-5 items-center rounded-chip border px-1.5 text-small leading-4', tones[tone])}
    >
      {children}
    </span>
  );
}

import type { ValveReachView } from '@sluice/api-client';
import { describeLack } from '@sluice/authoring';
import type { ReactNode } from 'react';

interface LacksProps {
  readonly reach: ValveReachView | undefined;
  readonly mode: string;
  /** The mildest mode. */
  readonly normal: string | undefined;
}

/** Whose build does not know a mode, and what it does in its place; nothing where every build knows it. */
export function Lacks({ reach, mode, normal }: LacksProps): ReactNode {
  return reach?.lacks
    .filter((lack) => lack.mode === mode)
    .map((lack) => (
      <p key={lack.instead ?? ''} className="break-words text-amber-text">
        {describeLack(lack, reach.concerned, normal)}
      </p>
    ));
}

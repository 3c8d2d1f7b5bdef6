import type { ChangeView } from '@sluice/api-client';
import type { ReactNode } from 'react';
import { Name } from '../ui/name.tsx';

/** What a change did, object by object. */
export function Effects({ change }: { readonly change: Pick<ChangeView, 'effects'> }): ReactNode {
  return (
    <ul>
      {change.effects.map((effect) => (
        <li key={`${effect.kind} ${effect.key} ${effect.text}`}>
          <Name>{effect.key}</Name> {effect.text}
        </li>
      ))}
    </ul>
  );
}

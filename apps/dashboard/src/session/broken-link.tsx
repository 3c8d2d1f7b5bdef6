import type { ReactNode } from 'react';
import { Message } from '../ui/message.tsx';
import { Door } from './door.tsx';

/** Of a link that lacks its secret. */
export function BrokenLink(): ReactNode {
  return (
    <Door title="This link is not whole">
      <Message title="Its last part is missing">Copy all of it, with what stands behind the #.</Message>
    </Door>
  );
}

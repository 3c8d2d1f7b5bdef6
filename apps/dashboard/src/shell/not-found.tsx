import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Message } from '../ui/message.tsx';

export function NotFound(): ReactNode {
  return (
    <main className="p-6">
      <Message
        title="There is no such page"
        action={
          <Link to="/" className="link">
            To Now
          </Link>
        }
      >
        The address may have been cut, or what was here has another key.
      </Message>
    </main>
  );
}

import type { ReactNode } from 'react';
import { join } from './join.ts';

interface MessageProps {
  readonly title: string;
  readonly tone?: 'plain' | 'error';
  readonly children?: ReactNode;
  /** One thing to do about it. */
  readonly action?: ReactNode;
}

/** In the place where content would be: nothing is there, it failed, or it is not for this person. */
export function Message({ title, tone = 'plain', children, action }: MessageProps): ReactNode {
  return (
    <section role={tone === 'error' ? 'alert' : undefined} className="max-w-140 border-line border-t py-3">
      <h2 className={join('text-body', tone === 'error' && 'text-red-text')}>{title}</h2>
      {children !== undefined && <p className="mt-0.5 text-ink-2">{children}</p>}
      {action !== undefined && <div className="mt-3 flex flex-wrap gap-2">{action}</div>}
    </section>
  );
}

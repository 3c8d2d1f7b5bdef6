import type { EnvironmentFlagView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { origin } from '../platform.ts';
import { Button } from '../ui/button.tsx';
import { listSnippets } from './snippets.ts';

/** How code asks for the flag: with our SDK and with LaunchDarkly's. */
export function CodeTab({ flag }: { readonly flag: EnvironmentFlagView }): ReactNode {
  return (
    <div className="flex max-w-240 flex-col gap-6 pt-4">
      {listSnippets(flag, origin).map(({ title, text }) => (
        <Snippet key={title} title={title} text={text} />
      ))}
    </div>
  );
}

function Snippet({ title, text }: { readonly title: string; readonly text: string }): ReactNode {
  const [isCopied, setCopied] = useState(false);
  return (
    <section>
      <div className="mb-1 flex items-center justify-between gap-2">
        <h2>{title}</h2>
        <Button
          look="ghost"
          size="row"
          aria-label={`Copy the code for ${title}`}
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
        >
          {isCopied ? 'Copied' : 'Copy'}
        </Button>
      </div>
      {/* Long lines scroll, by keyboard too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached. */}
      <pre tabIndex={0} className="overflow-x-auto rounded-control border border-line bg-sunk p-3 font-mono">
        {text}
      </pre>
    </section>
  );
}

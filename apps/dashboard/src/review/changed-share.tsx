import type { PreviewView } from '@sluice/api-client';
import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Age } from '../ui/clock.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { formatCount, formatShare } from '../ui/duration.ts';
import { Name } from '../ui/name.tsx';

/** So much of an answer is enough to know it by. */
const mostCharacters = 80;

/** How many of the sampled contexts would get another answer, from what to what; some of them by name on demand. */
export function ChangedShare({ preview }: { readonly preview: PreviewView }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const { flag, sampled, seen, oldestAt, changed, sharePercent, marginPercent, transitions, examples } = preview;
  if (flag === undefined) return null;
  if (sampled === 0) {
    return (
      <div>
        <h2>No contexts were seen yet</h2>
        <p className="mt-1 text-ink-2">Once an SDK evaluates here, this says how many would get another answer.</p>
      </div>
    );
  }
  const others = preview.flags.filter((each) => each.flag !== flag && each.changed > 0);
  return (
    <div className="min-w-0">
      <h2 className="figures">{formatShare(sharePercent / 100)} of sampled contexts get another answer</h2>
      <svg aria-hidden width="100%" height="8" className="mt-2 block">
        <rect width="100%" height="8" rx="2" className="fill-series-3" />
        <rect width={`${sharePercent}%`} height="8" rx="2" className="fill-accent" />
      </svg>
      {transitions.length > 0 && (
        <ul className="mt-2 flex flex-wrap gap-x-6 gap-y-0.5">
          {transitions.slice(0, 6).map(({ from, to, count }) => (
            <li key={`${from} ${to}`}>
              <b className="figures">{formatCount(count)}</b> <Answer id={from} /> to <Answer id={to} />
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <p className="mt-1 text-ink-2">
          Also of{' '}
          {others.slice(0, 3).map((each, index) => (
            <span key={each.flag}>
              {index > 0 && ', '}
              <Name isBold={false}>{each.flag}</Name>: {formatShare(each.sharePercent / 100)}
            </span>
          ))}
          {others.length > 3 && ` and ${others.length - 3} more flags`}
        </p>
      )}
      <p className="mt-1 text-ink-2">
        <span className="figures">{formatCount(sampled)}</span> sampled of{' '}
        <span className="figures">{formatCount(seen)}</span> seen in 7 days
        {marginPercent > 0 && <span className="figures">, ±{marginPercent}%</span>}
        {oldestAt !== undefined && (
          <>
            , the oldest seen <Age at={oldestAt} /> ago
          </>
        )}
        .{' '}
        {examples.length > 0 && (
          <button type="button" className="link" onClick={() => setOpen(true)}>
            See {examples.length < changed ? examples.length : `all ${examples.length}`}
          </button>
        )}
      </p>
      {isOpen && <Examples preview={preview} close={() => setOpen(false)} />}
    </div>
  );
}

/** Null is what the caller passes as default value. */
function Answer({ id }: { readonly id: string | null }): ReactNode {
  if (id === null) return <span className="text-ink-2">the default in code</span>;
  // Of a config it is the whole value.
  return <Name isBold={false}>{id.length > mostCharacters ? `${id.slice(0, mostCharacters)}…` : id}</Name>;
}

function Examples({ preview, close }: { readonly preview: PreviewView; readonly close: () => void }): ReactNode {
  const { examples, changed } = preview;
  return (
    <Dialog
      title="Who gets another answer"
      close={close}
      note={`${formatCount(examples.length)} of ${formatCount(changed)} in the sample`}
      actions={<Button onClick={close}>Close</Button>}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached. */}
      <section tabIndex={0} aria-label="Contexts">
        <table className="w-full">
          <thead className="text-left text-ink-3">
            <tr className="border-line border-b">
              <th className="px-6 py-2 font-normal max-tablet:px-4">Context</th>
              <th className="px-3 py-2 font-normal">Gets</th>
              <th className="px-6 py-2 font-normal max-tablet:px-4">Would get</th>
            </tr>
          </thead>
          <tbody>
            {examples.map(({ kind, key, context, from, to }) => (
              <tr key={`${kind} ${key}`} className="border-line border-b align-top">
                <td className="px-6 py-1.5 max-tablet:px-4">
                  <span className="text-ink-2">{kind}</span> <Name>{key}</Name>
                  <span className="block break-all font-mono text-ink-3 text-small">{spell(context)}</span>
                </td>
                <td className="px-3 py-1.5 text-ink-3">
                  <Answer id={from} />
                </td>
                <td className="px-6 py-1.5 text-accent max-tablet:px-4">
                  <Answer id={to} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Dialog>
  );
}

/** Its attributes, as far as they fit: what is looked for is why it is concerned. */
function spell(context: Readonly<Record<string, unknown>>): string {
  const { kind: _, key: __, ...attributes } = context;
  const text = Object.entries(attributes)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

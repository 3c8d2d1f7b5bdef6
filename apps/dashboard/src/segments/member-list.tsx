import { Plus, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/duration.ts';
import { join } from '../ui/join.ts';
import { keysOf, type Members } from './segment-draft.ts';

const keysShown = 40;

interface MemberListProps {
  readonly title: string;
  readonly hint: string;
  readonly was: readonly Members[];
  readonly members: readonly Members[];
  /** Only keys that have it. */
  readonly search: string;
  readonly add: () => void;
  readonly remove: (contextKind: string, key: string) => void;
  readonly keep: (contextKind: string, key: string) => void;
}

/** Keys by kind of context. What was taken out is struck through until it is applied. */
export function MemberList({ title, hint, was, members, search, add, remove, keep }: MemberListProps): ReactNode {
  const kinds = [...new Set([...members, ...was].map(({ contextKind }) => contextKind))].filter(
    (kind) => keysOf(members, kind).length + keysOf(was, kind).length > 0,
  );
  const total = members.reduce((sum, { keys }) => sum + keys.length, 0);
  const section = useRef<HTMLElement>(null);
  const pressed = useRef<string>(undefined);
  // A key moves as it is taken out or kept, and a new one goes altogether; whoever pressed stays at it, or beside it.
  useEffect(() => {
    const key = pressed.current;
    pressed.current = undefined;
    if (key === undefined || document.activeElement !== document.body) return;
    const buttons = [...(section.current?.querySelectorAll('button') ?? [])];
    (buttons.find(({ value }) => value === key) ?? buttons[0])?.focus();
  });
  return (
    <section ref={section} aria-label={title} className="border-line border-b py-3">
      <div className="flex flex-wrap items-center gap-x-3">
        <h2>{title}</h2>
        <span className="figures text-ink-2">
          {total === 0 ? 'nobody by name' : `${formatCount(total)} ${total === 1 ? 'key' : 'keys'}`}
          <span className="max-tablet:hidden">, {hint}</span>
        </span>
        <Button look="ghost" size="row" className="ml-auto" aria-label={`Add to ${title.toLowerCase()}…`} onClick={add}>
          <Plus aria-hidden size={14} /> Add…
        </Button>
      </div>
      {kinds.map((kind) => (
        <KindOfMembers
          key={kind}
          contextKind={kind}
          was={keysOf(was, kind)}
          keys={keysOf(members, kind)}
          search={search}
          remove={(key) => {
            pressed.current = `${kind} ${key}`;
            remove(kind, key);
          }}
          keep={(key) => {
            pressed.current = `${kind} ${key}`;
            keep(kind, key);
          }}
        />
      ))}
    </section>
  );
}

interface KindOfMembersProps {
  readonly contextKind: string;
  readonly was: readonly string[];
  readonly keys: readonly string[];
  readonly search: string;
  readonly remove: (key: string) => void;
  readonly keep: (key: string) => void;
}

function KindOfMembers({ contextKind, was, keys, search, remove, keep }: KindOfMembersProps): ReactNode {
  const known = new Set(was);
  const present = new Set(keys);
  // What is new comes first: it is what one looks for after pasting.
  const all = [
    ...keys.filter((key) => !known.has(key)),
    ...was.filter((key) => !present.has(key)),
    ...keys.filter((key) => known.has(key)),
  ];
  const words = search.trim().toLowerCase();
  const found = words === '' ? all : all.filter((key) => key.toLowerCase().includes(words));
  const hidden = found.length - keysShown;
  return (
    <div className="mt-2 flex flex-wrap items-center gap-1.5">
      <span className="mr-1 text-ink-2">{contextKind}</span>
      {found.slice(0, keysShown).map((key) => {
        const isGone = !present.has(key);
        const isNew = !known.has(key);
        return (
          <span
            key={key}
            className={join(
              'inline-flex min-h-6 max-w-full items-center rounded-chip border pl-1.5 font-mono',
              isNew ? 'border-accent-line bg-accent-wash text-accent' : 'border-line-strong bg-raised',
              isGone && 'text-ink-3',
            )}
          >
            {isGone ? (
              <del className="break-all">
                <span className="sr-only">removed </span>
                {key}
              </del>
            ) : (
              <span className="break-all">
                {isNew && <span className="sr-only">new </span>}
                {key}
              </span>
            )}
            {isGone ? (
              <button
                type="button"
                className="ml-1 min-h-6 rounded-chip px-1.5 font-sans text-accent hover:bg-hover max-tablet:min-h-11"
                value={`${contextKind} ${key}`}
                aria-label={`Keep ${key}`}
                onClick={() => keep(key)}
              >
                Keep
              </button>
            ) : (
              <button
                type="button"
                className="inline-flex size-6 items-center justify-center rounded-chip text-ink-3 hover:bg-hover hover:text-ink max-tablet:size-11"
                value={`${contextKind} ${key}`}
                aria-label={`Remove ${key}`}
                onClick={() => remove(key)}
              >
                <X aria-hidden size={13} />
              </button>
            )}
          </span>
        );
      })}
      {hidden > 0 && <span className="figures text-ink-2">and {formatCount(hidden)} more; find one by its key</span>}
      {found.length === 0 && <span className="text-ink-2">none has “{search.trim()}”</span>}
    </div>
  );
}

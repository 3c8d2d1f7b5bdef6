import type { ValveTelemetryView } from '@sluice/api-client';
import { Plus, X } from 'lucide-react';
import { Fragment, type ReactNode, useId } from 'react';
import { Button } from '../ui/button.tsx';
import { Choice } from '../ui/choice.tsx';
import { fieldStyle } from '../ui/field.tsx';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { createPart, type Dimension, dimensions, instanceAttributes, type ScopePart, splitValues } from './scope.ts';

const names = { account: 'One account', route: 'A route', ip: 'IP range', instances: 'Instances' } as const;
const furthers = { account: 'Account', route: 'Route', ip: 'IP range', instances: 'Instances' } as const;

/** Parts with what is typed in them. */
export interface ScopeDraft extends ScopePart {
  readonly text: string;
}

export function toDraft(part: ScopePart): ScopeDraft {
  return { ...part, text: part.values.join(', ') };
}

interface ScopeEditorProps {
  readonly parts: readonly ScopeDraft[];
  readonly change: (parts: readonly ScopeDraft[]) => void;
  /** Names are offered of who calls now. */
  readonly calls: ValveTelemetryView | undefined;
  readonly fault: string | undefined;
}

/** For whom: a sentence that can be narrowed. */
export function ScopeEditor({ parts, change, calls, fault }: ScopeEditorProps): ReactNode {
  const list = useId();
  const [first] = parts;
  const set = (index: number, part: ScopeDraft) => change(parts.map((each, at) => (at === index ? part : each)));
  const rest = dimensions.filter((dimension) => !parts.some((part) => part.dimension === dimension));
  return (
    <div className="flex flex-col items-start gap-2">
      <Choice<Dimension | 'everyone'>
        label="For"
        value={first?.dimension ?? 'everyone'}
        options={[
          { value: 'everyone', label: 'Everyone' },
          ...dimensions.map((value) => ({ value, label: names[value] })),
        ]}
        choose={(value) => change(value === 'everyone' ? [] : [toDraft(createPart(value))])}
      />
      {first !== undefined && (
        <div className="flex w-full flex-wrap items-center gap-2">
          {parts.map((part, index) => (
            <Fragment key={part.dimension}>
              <span className="text-ink-2">
                {index > 0 && 'and '}
                {sentence[part.dimension][index === 0 ? 0 : 1]}
              </span>
              {part.dimension === 'instances' && (
                <select
                  aria-label="Told apart by"
                  value={part.attribute}
                  className={`${fieldStyle} w-auto! font-mono`}
                  onChange={({ target }) => set(index, { ...part, attribute: target.value })}
                >
                  {[...new Set([part.attribute, ...instanceAttributes])].map((attribute) => (
                    <option key={attribute}>{attribute}</option>
                  ))}
                </select>
              )}
              <input
                aria-label={furthers[part.dimension]}
                aria-invalid={(fault !== undefined && part.text !== '') || undefined}
                // Chosen a moment ago, it is what has to be said next.
                autoFocus={part.text === ''}
                autoCapitalize="none"
                autoComplete="off"
                spellCheck={false}
                list={`${list}-${part.dimension}`}
                placeholder={placeholders[part.dimension]}
                className={`${fieldStyle} w-52! font-mono font-semibold max-tablet:w-full!`}
                value={part.text}
                onChange={({ target }) =>
                  set(index, { ...part, text: target.value, values: splitValues(target.value) })
                }
              />
              <datalist id={`${list}-${part.dimension}`}>
                {suggest(part.dimension, calls).map((value) => (
                  <option key={value} value={value} />
                ))}
              </datalist>
              {index > 0 && (
                <button
                  type="button"
                  aria-label={`Do not narrow by ${furthers[part.dimension].toLowerCase()}`}
                  className="inline-flex size-6 items-center justify-center rounded-chip text-ink-3 hover:bg-hover hover:text-ink"
                  onClick={() => change(parts.filter((each) => each !== part))}
                >
                  <X aria-hidden size={13} />
                </button>
              )}
            </Fragment>
          ))}
          {rest.length > 0 && (
            <Menu
              trigger={
                <Button look="ghost" size="row" className="text-accent">
                  <Plus aria-hidden size={13} /> Narrow further
                </Button>
              }
            >
              {rest.map((dimension) => (
                <MenuItem key={dimension} act={() => change([...parts, toDraft(createPart(dimension))])}>
                  {furthers[dimension]}
                </MenuItem>
              ))}
            </Menu>
          )}
        </div>
      )}
      {fault !== undefined && <span className="text-ink-2">{fault}.</span>}
    </div>
  );
}

/** As the sentence begins, and as it goes on. */
const sentence = {
  account: ['Account', 'account'],
  route: ['Route', 'on route'],
  ip: ['Addresses in', 'from addresses in'],
  instances: ['Instances with', 'on instances with'],
} as const;

const placeholders = {
  account: 'acme-logistics',
  route: '/items/:id',
  ip: '10.0.0.0/8',
  instances: 'eu-1b',
} as const;

function suggest(dimension: Dimension, calls: ValveTelemetryView | undefined): readonly string[] {
  if (dimension === 'account') return calls?.accounts.map(({ account }) => account) ?? [];
  return dimension === 'route' ? (calls?.routes.map(({ route }) => route) ?? []) : [];
}

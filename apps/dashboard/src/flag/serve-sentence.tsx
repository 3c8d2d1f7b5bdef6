import type { FlagView } from '@sluice/api-client';
import { type ReactNode, useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Field, fieldStyle } from '../ui/field.tsx';
import { useCanEdit } from './can-edit.ts';
import { isSame, type Serve } from './draft.ts';
import { shadeOf } from './evaluation-shades.ts';
import { Token, tokenStyle } from './token.tsx';
import { VariationChoice } from './variation-choice.tsx';
import { fullWeight, setWeight } from './weights.ts';

interface ServeSentenceProps {
  readonly serve: Serve;
  readonly was?: Serve | undefined;
  readonly variations: FlagView['variations'];
  readonly change: (serve: Serve) => void;
  /** At the end of the sentence. */
  readonly beside?: ReactNode;
}

/** What is served: one variation, or shares of several with a bar to move them. */
export function ServeSentence({ serve, was, variations, change, beside }: ServeSentenceProps): ReactNode {
  const canEdit = useCanEdit();
  const [isOpen, setOpen] = useState(false);
  const [isBegun, setBegun] = useState(false);
  const editor = (close: () => void) => (
    <ServeChoice
      variations={variations}
      serve={serve}
      change={(next) => {
        // Who chose shares goes on to say how large they are.
        setBegun('rollout' in next && !('rollout' in serve));
        change(next);
        close();
      }}
    />
  );
  if (!('rollout' in serve)) {
    return (
      <>
        <Token
          label={`Serves ${serve.variation}`}
          isStrong
          isEdited={was !== undefined && !isSame(was, serve)}
          editor={editor}
        >
          {serve.variation}
        </Token>{' '}
        {beside}
      </>
    );
  }
  const { variations: shares, contextKind = 'user', bucketBy = 'key' } = serve.rollout;
  const isEdited = was !== undefined && !isSame(was, serve);
  const isBarShown = canEdit && (isOpen || was === undefined || isEdited);
  return (
    <>
      {shares.map(({ variation, weight }, index) => (
        <span key={variation}>
          {index > 0 && (index === shares.length - 1 ? ' and ' : ', ')}
          <span className="font-mono font-semibold">{variation}</span> to{' '}
          <button
            type="button"
            data-token
            disabled={!canEdit}
            aria-expanded={isBarShown}
            aria-label={`${percent(weight)} get ${variation}`}
            onClick={() => setOpen(!isOpen)}
            className={tokenStyle({
              isStrong: true,
              isEdited: was !== undefined && weightIn(was, variation) !== weight,
            })}
          >
            {percent(weight)}
          </button>
        </span>
      ))}
      , by{' '}
      <Token
        label={`Split by ${contextKind} ${bucketBy}`}
        isEdited={was !== undefined && (!('rollout' in was) || splitOf(was) !== splitOf(serve))}
        editor={editor}
      >
        {contextKind} {bucketBy}
      </Token>{' '}
      {beside}
      {isBarShown && <RolloutBar serve={serve} was={was} isBegun={isBegun} change={change} />}
    </>
  );
}

function splitOf({
  rollout: { contextKind = 'user', bucketBy = 'key' },
}: Extract<Serve, { rollout: unknown }>): string {
  return `${contextKind} ${bucketBy}`;
}

function weightIn(serve: Serve, variation: string): number {
  if (!('rollout' in serve)) return serve.variation === variation ? fullWeight : 0;
  return serve.rollout.variations.find((share) => share.variation === variation)?.weight ?? 0;
}

function percent(weight: number): string {
  return `${weight / 1000}%`;
}

interface ServeChoiceProps {
  readonly variations: FlagView['variations'];
  readonly serve: Serve;
  readonly change: (serve: Serve) => void;
}

function ServeChoice({ variations, serve, change }: ServeChoiceProps): ReactNode {
  return (
    <div className="flex flex-col gap-2">
      <VariationChoice variations={variations} choose={(id) => change({ variation: id })} />
      {'rollout' in serve ? (
        <SplitEditor rollout={serve.rollout} change={(rollout) => change({ rollout })} />
      ) : (
        <button
          type="button"
          className="w-full rounded-control border-line border-t px-2 py-1 text-left hover:bg-hover max-tablet:min-h-11"
          onClick={() =>
            change({
              rollout: {
                variations: variations.map(({ id }) => ({ variation: id, weight: weightIn(serve, id) })),
                contextKind: 'user',
              },
            })
          }
        >
          <b className="font-semibold">Percentage…</b> <span className="text-ink-2">a share of users for each</span>
        </button>
      )}
    </div>
  );
}

type Rollout = Extract<Serve, { rollout: unknown }>['rollout'];

interface SplitEditorProps {
  readonly rollout: Rollout;
  readonly change: (rollout: Rollout) => void;
}

/** By what contexts are split: who has the same value of it gets the same. */
function SplitEditor({ rollout, change }: SplitEditorProps): ReactNode {
  const [contextKind, setContextKind] = useState(rollout.contextKind ?? 'user');
  const [attribute, setAttribute] = useState(rollout.bucketBy ?? 'key');
  return (
    <form
      className="flex items-end gap-2 border-line border-t pt-2"
      onSubmit={(event) => {
        event.preventDefault();
        const { contextKind: kindBefore = 'user', bucketBy: attributeBefore = 'key', ...rest } = rollout;
        const kind = contextKind.trim() || 'user';
        const bucketBy = attribute.trim() || 'key';
        const isAsBefore = kind === kindBefore && bucketBy === attributeBefore;
        change(isAsBefore ? rollout : { ...rest, contextKind: kind, ...(bucketBy !== 'key' && { bucketBy }) });
      }}
    >
      <Field
        label="Split by kind"
        aria-label="Kind of context that is split"
        value={contextKind}
        onChange={({ target }) => setContextKind(target.value)}
      />
      <Field
        label="and attribute"
        aria-label="Attribute by which it is split"
        value={attribute}
        onChange={({ target }) => setAttribute(target.value)}
      />
      <Button type="submit">Done</Button>
    </form>
  );
}

const steps = [1, 5, 10, 25, 50, 100];

interface RolloutBarProps {
  readonly serve: Serve & { readonly rollout: unknown };
  readonly was?: Serve | undefined;
  /** It was just asked for: its first number has the focus. */
  readonly isBegun: boolean;
  readonly change: (serve: Serve) => void;
}

/** One bar, a handle between each two parts, and a number for each: the sum stays 100%. */
function RolloutBar({ serve, was, isBegun, change }: RolloutBarProps): ReactNode {
  const bar = useRef<HTMLDivElement>(null);
  if (!('rollout' in serve)) return null;
  const { rollout } = serve as Extract<Serve, { rollout: unknown }>;
  const shares = rollout.variations;
  const weights = shares.map(({ weight }) => weight);
  const set = (index: number, weight: number) => {
    const next = setWeight(weights, index, weight);
    change({ rollout: { ...rollout, variations: shares.map((share, at) => ({ ...share, weight: next[at] ?? 0 })) } });
  };
  /** Moves the border behind part `index`: only its two neighbours change. */
  const moveBorder = (index: number, to: number) => {
    const before = weights.slice(0, index).reduce((sum, each) => sum + each, 0);
    const both = (weights[index] ?? 0) + (weights[index + 1] ?? 0);
    const left = Math.max(0, Math.min(both, Math.round((to - before) / 100) * 100));
    change({
      rollout: {
        ...rollout,
        variations: shares.map((share, at) =>
          at === index ? { ...share, weight: left } : at === index + 1 ? { ...share, weight: both - left } : share,
        ),
      },
    });
  };

  let sum = 0;
  return (
    <div className="mt-1.5 max-w-125">
      <div ref={bar} className="relative flex h-6 rounded-bar">
        {shares.map(({ variation, weight }, index) => {
          sum += weight;
          const end = sum;
          return (
            <div
              key={variation}
              style={{ width: `${weight / 1000}%` }}
              className={`relative flex min-w-0 items-center ${shadeOf(index).bar}`}
            >
              <span className="truncate px-2 font-mono text-small">{variation}</span>
              {index < shares.length - 1 && (
                <button
                  type="button"
                  role="slider"
                  aria-label={`Share of ${variation}`}
                  aria-valuemin={0}
                  aria-valuemax={100}
                  aria-valuenow={weight / 1000}
                  aria-valuetext={percent(weight)}
                  className="absolute -inset-y-1 -right-3 z-10 w-6 cursor-ew-resize touch-none before:absolute before:inset-y-0 before:left-2 before:w-2 before:rounded-bar before:border-2 before:border-accent before:bg-raised"
                  onKeyDown={(event) => {
                    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
                    if (by === undefined) return;
                    event.preventDefault();
                    moveBorder(index, end + by * (event.shiftKey ? 10_000 : 1000));
                  }}
                  onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
                  onPointerMove={(event) => {
                    if (!event.currentTarget.hasPointerCapture(event.pointerId) || bar.current === null) return;
                    const { left, width } = bar.current.getBoundingClientRect();
                    moveBorder(index, ((event.clientX - left) / width) * fullWeight);
                  }}
                />
              )}
            </div>
          );
        })}
        {was !== undefined && 'rollout' in was && (
          <span
            aria-hidden
            style={{ left: `${(was.rollout.variations[0]?.weight ?? 0) / 1000}%` }}
            className="absolute inset-y-0 border-page border-l border-dashed mix-blend-difference"
          />
        )}
      </div>
      <div className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1">
        {shares.map(({ variation, weight }, index) => (
          <PercentField
            key={variation}
            variation={variation}
            weight={weight}
            autoFocus={isBegun && index === 0}
            change={(next) => set(index, next)}
          />
        ))}
        <span className="text-ink-3">sums to 100</span>
        <span className="flex items-center gap-1 text-ink-2">
          Steps:
          {steps.map((step) => (
            <button
              key={step}
              type="button"
              aria-label={`${step}% get ${shares[0]?.variation}`}
              className="link min-h-6 min-w-6"
              onClick={() => set(0, step * 1000)}
            >
              {step}
            </button>
          ))}
        </span>
      </div>
    </div>
  );
}

interface PercentFieldProps {
  readonly variation: string;
  readonly weight: number;
  readonly autoFocus: boolean;
  readonly change: (weight: number) => void;
}

/** What is typed stays as it is typed, also nothing: the share changes with each number. */
function PercentField({ variation, weight, autoFocus, change }: PercentFieldProps): ReactNode {
  const [typed, setTyped] = useState<string>();
  return (
    <label className="flex items-center gap-1.5">
      <span className="font-mono">{variation}</span>
      <input
        type="number"
        min={0}
        max={100}
        step="any"
        aria-label={`Percent of ${variation}`}
        autoFocus={autoFocus}
        className={`${fieldStyle} figures w-24!`}
        value={typed ?? weight / 1000}
        onChange={({ target }) => {
          setTyped(target.value);
          if (target.value !== '') change(Number(target.value) * 1000);
        }}
        onBlur={() => setTyped(undefined)}
      />
      %
    </label>
  );
}

import type { FlagView } from '@sluice/api-client';
import { type ReactNode, useRef, useState } from 'react';
import { fieldStyle } from '../ui/field.tsx';
import { isSame, type Serve } from './draft.ts';
import { Token } from './token.tsx';
import { fullWeight, setWeight } from './weights.ts';

interface ServeSentenceProps {
  readonly serve: Serve;
  readonly was?: Serve | undefined;
  readonly variations: FlagView['variations'];
  readonly change: (serve: Serve) => void;
}

/** What is served: one variation, or shares of several with a bar to move them. */
export function ServeSentence({ serve, was, variations, change }: ServeSentenceProps): ReactNode {
  const editor = (close: () => void) => (
    <ServeChoice
      variations={variations}
      serve={serve}
      change={(next) => {
        change(next);
        close();
      }}
    />
  );
  if (!('rollout' in serve)) {
    return (
      <Token
        label={`Serves ${serve.variation}`}
        isStrong
        isEdited={was !== undefined && !isSame(was, serve)}
        editor={editor}
      >
        {serve.variation}
      </Token>
    );
  }
  const { variations: shares, contextKind = 'user', bucketBy } = serve.rollout;
  return (
    <>
      {shares.map(({ variation, weight }, index) => (
        <span key={variation}>
          {index > 0 && (index === shares.length - 1 ? ' and ' : ', ')}
          <span className="font-mono font-semibold">{variation}</span> to{' '}
          <Token
            label={`${percent(weight)} get ${variation}`}
            isStrong
            isEdited={was !== undefined && weightIn(was, variation) !== weight}
            editor={editor}
          >
            {percent(weight)}
          </Token>
        </span>
      ))}
      <span className="text-ink-2">
        {' '}
        of {contextKind}s{bucketBy !== undefined && bucketBy !== 'key' && ` by ${bucketBy}`}
      </span>
      <RolloutBar serve={serve} was={was} change={change} />
    </>
  );
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
  const [contextKind, setContextKind] = useState(('rollout' in serve && serve.rollout.contextKind) || 'user');
  const split = () =>
    change({
      rollout: {
        variations: variations.map(({ id }, index) => ({
          variation: id,
          weight: 'rollout' in serve ? weightIn(serve, id) : index === variations.length - 1 ? fullWeight : 0,
        })),
        contextKind,
      },
    });
  return (
    <div className="flex flex-col gap-1">
      {variations.map(({ id, name, value }) => (
        <button
          key={id}
          type="button"
          className="rounded-control px-2 py-1 text-left hover:bg-hover"
          onClick={() => change({ variation: id })}
        >
          <span className="font-mono font-semibold">{id}</span>{' '}
          <span className="text-ink-2">{name ?? JSON.stringify(value)}</span>
        </button>
      ))}
      <form
        className="mt-1 flex items-center gap-2 border-line border-t pt-2"
        onSubmit={(event) => {
          event.preventDefault();
          split();
        }}
      >
        <button type="submit" className="link shrink-0 px-2">
          Shares by
        </button>
        <input
          aria-label="Kind of context that is split"
          className={fieldStyle}
          value={contextKind}
          onChange={({ target }) => setContextKind(target.value)}
        />
      </form>
    </div>
  );
}

const steps = [1, 5, 10, 25, 50, 100];

interface RolloutBarProps {
  readonly serve: Serve & { readonly rollout: unknown };
  readonly was?: Serve | undefined;
  readonly change: (serve: Serve) => void;
}

/** One bar, a handle between each two parts, and a number for each: the sum stays 100%. */
function RolloutBar({ serve, was, change }: RolloutBarProps): ReactNode {
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
  const shades = ['bg-series-1 text-page', 'bg-series-3 text-ink', 'bg-series-2 text-page'];
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
              className={`relative flex min-w-0 items-center ${shades[index % 3]}`}
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
          <label key={variation} className="flex items-center gap-1.5">
            <span className="font-mono">{variation}</span>
            <input
              type="number"
              min={0}
              max={100}
              step="any"
              aria-label={`Percent of ${variation}`}
              className={`${fieldStyle} figures w-18!`}
              value={weight / 1000}
              onChange={({ target }) => set(index, Number(target.value) * 1000)}
            />
            %
          </label>
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

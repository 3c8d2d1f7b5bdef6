import type { Unit } from '@sluice/authoring';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef } from 'react';
import { join } from '../ui/join.ts';
import { KeyHint } from '../ui/key-hint.tsx';
import { clamp, createScale, listTicks, reachOf, roundTo, writeQuantity } from './scale.ts';
import type { Bounds } from './value-schema.ts';

interface RulerProps {
  readonly label: string;
  readonly value: number;
  /** As it is applied; absent: the value is new. */
  readonly was: number | undefined;
  readonly bounds: Bounds;
  readonly step: number;
  readonly unit: Unit | undefined;
  readonly maxChangeFactor: number | undefined;
  readonly change: (value: number) => void;
}

/** A number between its bounds, by factors: what is applied, what is meant, and as a tint how far one change may go. */
export function Ruler({ label, value, was, bounds, step, unit, maxChangeFactor, change }: RulerProps): ReactNode {
  const track = useRef<HTMLDivElement>(null);
  const scale = createScale({ ...bounds, step, shown: was === undefined ? [value] : [value, was] });
  const percent = (at: number) => `${scale.placeOf(at) * 100}%`;
  const reach = was === undefined || maxChangeFactor === undefined ? undefined : reachOf(was, maxChangeFactor, scale);
  const set = (next: number) => change(clamp(roundTo(next, step), scale.min, scale.max));
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    const box = track.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return;
    change(roundForHand(scale.valueAt((event.clientX - box.left) / box.width), step, scale.min, scale.max));
  };
  const press = (event: KeyboardEvent<HTMLDivElement>) => {
    const by = step * (event.shiftKey ? 10 : 1);
    const next = {
      ArrowLeft: value - by,
      ArrowDown: value - by,
      ArrowRight: value + by,
      ArrowUp: value + by,
      PageDown: value - step * 10,
      PageUp: value + step * 10,
      Home: scale.min,
      End: scale.max,
    }[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    set(next);
  };
  const isEdited = was !== undefined && was !== value;
  return (
    <div className="max-w-150 pt-1">
      <div
        ref={track}
        className="relative mx-2 h-11 cursor-pointer touch-none pt-6"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag(event);
        }}
        onPointerMove={(event) => event.buttons === 1 && drag(event)}
      >
        {was !== undefined && (
          <Mark at={scale.placeOf(was)} className="text-ink-2">
            now {writeQuantity(was, unit)}
          </Mark>
        )}
        {isEdited && !areNear(scale.placeOf(was), scale.placeOf(value)) && (
          <Mark at={scale.placeOf(value)} className="font-semibold text-accent">
            {writeQuantity(value, unit)}
          </Mark>
        )}
        <div className="relative h-1.5 rounded-bar bg-series-3">
          {reach !== undefined && (
            <div
              className="absolute inset-y-0 rounded-bar bg-accent-line"
              style={{ left: percent(reach[0]), right: `${100 - scale.placeOf(reach[1]) * 100}%` }}
            />
          )}
          {was !== undefined && (
            <div className="absolute -inset-y-1.5 w-0.5 -translate-x-1/2 bg-ink" style={{ left: percent(was) }} />
          )}
        </div>
        <div
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-valuemin={scale.min}
          aria-valuemax={scale.max}
          aria-valuenow={value}
          aria-valuetext={writeQuantity(value, unit)}
          onKeyDown={press}
          className={join(
            'absolute top-6 size-4 -translate-x-1/2 -translate-y-1.25 rounded-full border-2 bg-raised max-tablet:size-6 max-tablet:-translate-y-2.25',
            isEdited || was === undefined ? 'border-accent' : 'border-ink',
          )}
          style={{ left: percent(value) }}
        />
      </div>
      <ol aria-hidden className="figures relative mx-2 h-5 text-ink-2 text-small">
        {listTicks(scale, unit).map((tick, index, all) => (
          <li
            key={tick}
            className={join(
              'absolute whitespace-nowrap before:absolute before:-top-2 before:h-1.5 before:w-px before:bg-control',
              index === 0
                ? 'before:left-0'
                : index === all.length - 1
                  ? '-translate-x-full before:right-0'
                  : '-translate-x-1/2 before:left-1/2 max-tablet:hidden',
            )}
            style={{ left: percent(tick) }}
          >
            {writeQuantity(tick, unit)}
          </li>
        ))}
      </ol>
      <p className="mt-1 flex flex-wrap items-center gap-x-4 gap-y-1 text-ink-2">
        {reach !== undefined && (
          <span>
            Tinted: as far as one change may go, {writeQuantity(Number(reach[0].toPrecision(3)), unit)} to{' '}
            {writeQuantity(Number(reach[1].toPrecision(3)), unit)}
          </span>
        )}
        <span className="inline-flex items-center gap-1 max-tablet:hidden">
          <KeyHint>←</KeyHint> <KeyHint>→</KeyHint> {writeQuantity(step, unit)}, with Shift{' '}
          {writeQuantity(roundTo(step * 10, step), unit)}
        </span>
      </p>
    </div>
  );
}

/** What the hand sets has two figures: nobody means 183 s who drags. */
function roundForHand(value: number, step: number, min: number, max: number): number {
  return clamp(roundTo(Number(value.toPrecision(2)), step), min, max);
}

function areNear(a: number, b: number): boolean {
  return Math.abs(a - b) < 0.16;
}

/** Above its place; at the ends it stays inside. */
function Mark({
  at,
  className,
  children,
}: {
  readonly at: number;
  readonly className: string;
  readonly children: ReactNode;
}): ReactNode {
  const shift = at < 0.1 ? '0%' : at > 0.9 ? '-100%' : '-50%';
  return (
    <span
      aria-hidden
      className={join('figures absolute top-0 whitespace-nowrap text-small', className)}
      style={{ left: `${at * 100}%`, transform: `translateX(${shift})` }}
    >
      {children}
    </span>
  );
}

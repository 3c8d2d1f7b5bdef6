import { type FocusEvent, useEffect, useRef, useState } from 'react';

export interface Held<T> {
  readonly row: T;
  /** It is in the list no more, and stands there only for as long as the list is held. */
  readonly isPast: boolean;
}

/** The rows in the places that they have: each as it is now, those that are no more as they were, new ones at the end. */
export function holdRows<T>(
  shown: readonly Held<T>[],
  next: readonly T[],
  keyOf: (row: T) => string,
): readonly Held<T>[] {
  const coming = new Map(next.map((row) => [keyOf(row), row]));
  const kept = shown.map(({ row }): Held<T> => {
    const now = coming.get(keyOf(row));
    coming.delete(keyOf(row));
    return now === undefined ? { row, isPast: true } : { row: now, isPast: false };
  });
  return [...kept, ...[...coming.values()].map((row) => ({ row, isPast: false }))];
}

/** Rows that do not move while the pointer or focus is on their list; `hold` goes on its element. */
export function useSteadyRows<T>(rows: readonly T[], keyOf: (row: T) => string) {
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const shown = useRef<readonly Held<T>[]>([]);
  const isHeld = isPointed || isFocused;
  const held = isHeld ? holdRows(shown.current, rows, keyOf) : rows.map((row) => ({ row, isPast: false }));
  useEffect(() => {
    shown.current = held;
  });
  return {
    rows: held,
    hold: {
      onPointerEnter: () => setPointed(true),
      onPointerLeave: () => setPointed(false),
      onFocus: () => setFocused(true),
      onBlur: ({ currentTarget, relatedTarget }: FocusEvent) =>
        setFocused(relatedTarget instanceof Node && currentTarget.contains(relatedTarget)),
    },
  };
}

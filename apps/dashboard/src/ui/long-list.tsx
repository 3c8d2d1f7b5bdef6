import { useVirtualizer } from '@tanstack/react-virtual';
import { type HTMLAttributes, type ReactNode, type Ref, useLayoutEffect, useRef, useState } from 'react';

/** What makes an element a row of a long list: it goes on its `li`. */
export interface RowPlace {
  readonly ref: Ref<HTMLLIElement>;
  readonly 'data-index': number;
  readonly 'aria-posinset': number;
  readonly 'aria-setsize': number;
}

interface LongListProps<T> extends Omit<HTMLAttributes<HTMLUListElement>, 'children'> {
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** How many there are, where not all of them are here yet; -1: nobody counted them. */
  readonly total?: number | undefined;
  readonly children: (row: T, place: RowPlace, index: number) => ReactNode;
}

/** Of a row that was not drawn yet, in pixels. */
const rowHeight = 40;

/** Only the rows in view are drawn, with some more around them; each is as high as it needs. */
export function LongList<T>({ rows, keyOf, total = rows.length, children, ...rest }: LongListProps<T>): ReactNode {
  const list = useRef<HTMLUListElement>(null);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const [above, setAbove] = useState(0);
  // What stands above the list may come, go and grow.
  useLayoutEffect(() => {
    if (list.current === null) return;
    const found = findScroller(list.current);
    setScroller(found);
    const next = list.current.getBoundingClientRect().top - found.getBoundingClientRect().top + found.scrollTop;
    // Less than a pixel is how such sums are rounded: to follow it would never end.
    setAbove((old) => (Math.abs(next - old) < 1 ? old : next));
  });
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller,
    estimateSize: () => rowHeight,
    // There are as many as are counted.
    getItemKey: (index) => keyOf(rows[index] as T),
    overscan: 12,
    scrollMargin: above,
  });
  const shown = virtual.getVirtualItems();
  const before = (shown[0]?.start ?? above) - above;
  const after = virtual.getTotalSize() - ((shown.at(-1)?.end ?? above) - above);
  return (
    <ul ref={list} {...rest} style={{ paddingTop: before, paddingBottom: after }}>
      {shown.map(({ index }) => {
        const row = rows[index];
        return (
          row !== undefined &&
          children(
            row,
            {
              ref: virtual.measureElement,
              'data-index': index,
              'aria-posinset': index + 1,
              'aria-setsize': total,
            },
            index,
          )
        );
      })}
    </ul>
  );
}

function findScroller(element: HTMLElement): HTMLElement {
  const parent = element.parentElement;
  if (parent === null) return document.documentElement;
  return /auto|scroll/.test(getComputedStyle(parent).overflowY) ? parent : findScroller(parent);
}

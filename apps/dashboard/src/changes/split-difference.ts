import type { Difference } from '../ui/diff-line.tsx';

/**
 * A sentence of the server's about what changed, taken apart where it says `old → new`: `name: "a" → "b"`,
 * `25% → 50% of users get on`. What has no arrow, or more than one, is one piece.
 */
export function splitDifference(text: string): Difference & { readonly rest?: string } {
  const parts = text.split(' → ');
  const [left = '', right = ''] = parts;
  if (parts.length !== 2) return { label: text };
  const share = /^(\S+%) (of .*)$/.exec(right);
  if (share !== null && /^[\d.]+%$/.test(left)) {
    const [, after = '', rest = ''] = share;
    return { label: '', before: left, after, rest };
  }
  const colon = left.indexOf(': ');
  if (colon === -1) return { label: '', before: left, after: right };
  return { label: left.slice(0, colon), before: left.slice(colon + 2), after: right };
}

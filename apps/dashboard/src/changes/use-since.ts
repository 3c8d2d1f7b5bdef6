import { useNavigate, useSearch } from '@tanstack/react-router';
import { parseSince } from './since-line.ts';

/** Since when changes are looked at, as the address says; undefined: the line was not set. */
export function useSince(): readonly [since: number | undefined, set: (since: number | undefined) => void] {
  const { since } = useSearch({ strict: false });
  const navigate = useNavigate();
  return [
    parseSince(since),
    (next) =>
      void navigate({
        to: '.',
        replace: true,
        search: ({ since: _, ...rest }) =>
          next === undefined ? rest : { ...rest, since: new Date(next).toISOString() },
      }),
  ];
}

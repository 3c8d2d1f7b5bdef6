import type { ChangesQuery } from '@sluice/api-client';
import { type FlagKind, flagKinds } from '@sluice/authoring';

const hourMs = 3_600_000;

/** How far back one looks; absent: to the first change. */
export const windows = [
  { when: '1h', label: 'the last hour', ms: hourMs },
  { when: '24h', label: 'the last 24 hours', ms: 24 * hourMs },
  { when: '7d', label: 'the last 7 days', ms: 7 * 24 * hourMs },
  { when: '30d', label: 'the last 30 days', ms: 30 * 24 * hourMs },
] as const;

/** What addresses say of it. */
export interface FilterSearch {
  readonly q?: string | undefined;
  readonly who?: string | undefined;
  readonly what?: string | undefined;
  readonly when?: string | undefined;
}

/** What the address asks for, as the server is asked; what it does not understand is left out. */
export function readChangeFilter({ q, who, what, when }: FilterSearch, now: number): ChangesQuery {
  const window = windows.find((each) => each.when === when);
  return {
    ...(q !== undefined && { comment: q }),
    ...(who !== undefined && { actor: who }),
    ...readWhat(what),
    ...(window !== undefined && { since: now - window.ms }),
  };
}

function readWhat(what: string | undefined): ChangesQuery {
  if (what === undefined) return {};
  if (what.startsWith('flag:')) return { flag: what.slice('flag:'.length) };
  if (what.startsWith('segment:')) return { segment: what.slice('segment:'.length) };
  return isKind(what) ? { kind: what } : {};
}

function isKind(what: string): what is FlagKind | 'segment' {
  return what === 'segment' || flagKinds.some((kind) => kind === what);
}

import type { EnvironmentView, FlagRowView, NowView } from '@sluice/api-client';
import type { ActKind, FlagActKind, Words } from './read-words.ts';

/** What the palette begins; each opens something that says what it does before it does it. */
export type Act =
  | { readonly kind: FlagActKind; readonly flag: string }
  | { readonly kind: 'revert' }
  | { readonly kind: 'new-flag' }
  | { readonly kind: 'switch'; readonly environment: string };

interface Found {
  readonly words: Words;
  readonly rows: readonly Pick<FlagRowView, 'key' | 'kind' | 'state' | 'archived'>[];
  readonly environments: readonly Pick<EnvironmentView, 'key'>[];
  /** The one that is shown. */
  readonly here: string;
}

/** Of how many of the flags that were found acts are listed, where no act was named. */
const flagsActed = 3;

/** What can be done with what was found, and what was asked for by its verb; acts come before places. */
export function listActs({ words, rows, environments, here }: Found): readonly Act[] {
  const { acts, rest } = words;
  const wants = (kind: ActKind) => acts === undefined || acts.includes(kind);
  const ofFlags = acts === undefined && rest === '' ? [] : rows.slice(0, acts === undefined ? flagsActed : rows.length);
  const aboutFlags = ofFlags.flatMap((row) =>
    listFlagActs(row)
      .filter(wants)
      .map((kind): Act => ({ kind, flag: row.key })),
  );
  const verbs = acts ?? [];
  const last: Act[] = verbs.includes('revert') && isAbout('last change', rest) ? [{ kind: 'revert' }] : [];
  const create: Act[] = verbs.includes('new-flag') ? [{ kind: 'new-flag' }] : [];
  const isNamed = acts === undefined && rest !== '';
  const others = environments
    .filter(({ key }) => key !== here)
    .filter(({ key }) => (verbs.includes('switch') || isNamed) && key.toLowerCase().includes(rest.toLowerCase()))
    .map(({ key }): Act => ({ kind: 'switch', environment: key }));
  return [...last, ...create, ...aboutFlags, ...others];
}

/** The safe one first. A config has no act of its own here. */
function listFlagActs({ kind, state, archived }: Found['rows'][number]): readonly FlagActKind[] {
  if (archived) return [];
  if (kind === 'valve') return state.word === 'tripped' ? ['restore', 'trip'] : ['trip'];
  if (kind !== 'release') return [];
  return state.word === 'on' ? ['turn-off'] : ['turn-on'];
}

function isAbout(name: string, rest: string): boolean {
  return name.includes(rest.toLowerCase());
}

/** With an empty field: what is off normal and has a way back. */
export function listWaysBack(matters: NowView['matters']): readonly Act[] {
  const valves = matters.flatMap((matter) => (matter.kind === 'valve' ? [matter.flag] : []));
  return [...new Set(valves)].map((flag): Act => ({ kind: 'restore', flag }));
}

export function describeAct(act: Act): string {
  switch (act.kind) {
    case 'trip':
      return 'Trip';
    case 'restore':
      return 'Restore';
    case 'turn-off':
      return 'Turn off';
    case 'turn-on':
      return 'Turn on';
    case 'revert':
      return 'Revert the last change…';
    case 'new-flag':
      return 'New flag…';
    case 'switch':
      return 'Switch to';
  }
}

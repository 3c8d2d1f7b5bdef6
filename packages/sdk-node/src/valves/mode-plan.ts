import type { Flag, VariationOrRollout } from '@sluice/engine';
import type { LackedMode } from '@sluice/protocol';

/** What this build can do, and is to do where it cannot. */
export interface Build {
  /** The names of the modes that it has, by rising severity as the code has it. */
  readonly modes: readonly string[];
  readonly onError: string | undefined;
  readonly onMissing: 'throw' | 'last';
}

/** What is done where a mode is served. */
export interface Choice {
  /** What is called; undefined: nothing may be. */
  readonly mode: string | undefined;
  readonly isNormal: boolean;
  /** What is called when that fails, one after the other. */
  readonly fallbacks: readonly string[];
}

/** What a flag makes of a build. */
export interface ModePlan {
  /** Of the flag; undefined: there is none. */
  readonly version: number | undefined;
  /** The name of the normal mode: what is served where the flag serves nothing. */
  readonly normal: string;
  /** By the mode that is served. */
  readonly choices: ReadonlyMap<string, Choice>;
  /** Why the flag is not followed, or not by every rule; undefined: it is. */
  readonly refusal: string | undefined;
  /** Modes of the flag that this build does not have, with what is done where they are served. */
  readonly lacks: readonly LackedMode[];
  /** Modes of this build that no rule can serve, as the flag does not have them. */
  readonly unknown: readonly string[];
}

/** Without a flag the order is that of the code. */
export function planModes(flag: Flag | undefined, build: Build): ModePlan {
  const variations: readonly unknown[] = flag?.variations ?? build.modes;
  const names = variations.filter((name) => typeof name === 'string');
  const order = names.length > 0 ? names : build.modes;
  const normal = order[0] ?? '';
  const choices = new Map(order.map((name) => [name, choose(name, order, build)]));
  const reasons = flag === undefined ? [] : listServable(flag).flatMap((at) => describe(variations[at]) ?? []);
  return {
    version: flag?.version,
    normal,
    choices,
    refusal: reasons.length === 0 ? undefined : reasons.join('; '),
    lacks: [...choices].flatMap(([name, { mode }]) =>
      mode === name ? [] : { mode: name, ...(mode !== undefined && { instead: mode }) },
    ),
    unknown: build.modes.filter((name) => !order.includes(name)),
  };

  function describe(name: unknown): string | undefined {
    if (typeof name !== 'string') return `${JSON.stringify(name)} is not the name of a mode; it serves "${normal}"`;
    const mode = choices.get(name)?.mode;
    if (mode === name) return undefined;
    return `mode "${name}" is not in this build; it ${mode === undefined ? 'fails' : `serves "${mode}"`}`;
  }
}

/** Never a mode that is less severe than the one that is served, unless `onMissing` says so. */
function choose(served: string, order: readonly string[], { modes, onError, onMissing }: Build): Choice {
  const own = order.filter((name) => modes.includes(name));
  const moreSevere = (than: string): readonly string[] =>
    own.filter((name) => order.indexOf(name) > order.indexOf(than));
  const mode = own.includes(served)
    ? served
    : (moreSevere(served)[0] ?? (onMissing === 'last' ? (own.at(-1) ?? modes.at(-1)) : undefined));
  if (mode === undefined) return { mode, isNormal: false, fallbacks: [] };
  const isNormal = mode === order[0];
  const further = moreSevere(mode);
  // What the flag does not have it cannot put in order: the code says that it is the fallback.
  if (onError !== undefined && !order.includes(onError)) return { mode, isNormal, fallbacks: [onError, ...further] };
  return { mode, isNormal, fallbacks: further.slice(Math.max(0, further.indexOf(onError ?? ''))) };
}

/** The indexes of variations that a flag may serve to somebody. */
function listServable({
  on,
  offVariation,
  prerequisites,
  targets,
  contextTargets,
  rules,
  fallthrough,
}: Flag): readonly number[] {
  const served = new Set<number>();
  if (on !== true || (prerequisites ?? []).length > 0) add(offVariation);
  if (on === true) {
    for (const { variation } of [...(targets ?? []), ...(contextTargets ?? [])]) add(variation);
    for (const rule of [...(rules ?? []), fallthrough]) addAll(rule);
  }
  return [...served].sort((a, b) => a - b);

  function add(variation: number | null | undefined): void {
    if (typeof variation === 'number') served.add(variation);
  }

  function addAll(rule: VariationOrRollout | undefined): void {
    if (typeof rule?.variation === 'number') add(rule.variation);
    else for (const { variation, weight } of rule?.rollout?.variations ?? []) if (weight > 0) add(variation);
  }
}

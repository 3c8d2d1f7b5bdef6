import type { BarrierView } from '@sluice/api-client';
import type { MigrationCheck, StageMove } from '@sluice/authoring';

/** Something that a change waits for, as the server says it. */
export type Obstacle = { readonly isMet: boolean; readonly text: string } & (
  | { readonly kind: 'check'; readonly name: MigrationCheck }
  | { readonly kind: 'instance'; readonly name: string }
);

/** An instance may have the name of a check. */
export function idOf({ kind, name }: Obstacle): string {
  return `${kind} ${name}`;
}

/** What stands before a change, each once, what is open first; of instances only those that are waited for. */
export function listObstacles(barriers: readonly BarrierView[]): readonly Obstacle[] {
  const found = new Map<string, Obstacle>();
  for (const { waitsFor, checks } of barriers) {
    for (const { instance, reason } of waitsFor) {
      found.set(`instance ${instance}`, { kind: 'instance', name: instance, isMet: false, text: reason });
    }
    for (const { name, isPassed, text } of checks) {
      found.set(`check ${name}`, { kind: 'check', name, isMet: isPassed, text });
    }
  }
  return [...found.values()].toSorted((one, other) => Number(one.isMet) - Number(other.isMet));
}

/** Why a change cannot be made yet; `named`: what is not to be waited for. Undefined: nothing keeps it. */
export function findHold(
  obstacles: readonly Obstacle[],
  { named, comment }: { readonly named: readonly Obstacle[]; readonly comment: string },
): string | undefined {
  const open = obstacles.filter(({ isMet }) => !isMet).length - named.length;
  if (open > 0) return open === 1 ? '1 gate is open' : `${open} gates are open`;
  return named.length > 0 && comment.trim() === '' ? 'not waiting needs a reason: say why' : undefined;
}

/** How the server is told what is not waited for. */
export function toOverrule(named: readonly Obstacle[], reason: string): NonNullable<StageMove['overrule']> {
  const instances = named.flatMap(({ kind, name }) => (kind === 'instance' ? [name] : []));
  const checks = named.flatMap(({ kind, name }): MigrationCheck[] => (kind === 'check' ? [name] : []));
  return { reason, ...(instances.length > 0 && { instances }), ...(checks.length > 0 && { checks }) };
}

/** What became different since somebody began to look: nothing closes behind a dialog unsaid. */
export function listTurned(
  before: readonly Obstacle[],
  after: readonly Obstacle[],
): { readonly opened: readonly string[]; readonly met: readonly string[] } {
  const open = (obstacles: readonly Obstacle[]) =>
    new Set(obstacles.filter(({ isMet }) => !isMet).map(({ name }) => name));
  const [were, are] = [open(before), open(after)];
  return {
    opened: [...are].filter((name) => !were.has(name)),
    met: [...were].filter((name) => !are.has(name)),
  };
}

import { isProblem, listNames, type Problem, problem } from './problem.ts';

/** Lists whose order matters and whose parts have ids: the rules of a flag or segment. */
interface Identified {
  readonly id: string;
}

/** Adds at the end; `path` is where the part stands. */
export function appendPart<T extends Identified>(parts: readonly T[], part: T, path: string): readonly T[] | Problem {
  const isTaken = parts.some(({ id }) => id === part.id);
  return isTaken ? problem(`${path}.id`, `there already is a rule \`${part.id}\``) : [...parts, part];
}

/** Adds before the part with that id, or at the end; `path` is the instruction, and the part its `rule`. */
export function insertPart<T extends Identified>(
  parts: readonly T[],
  part: T,
  before: string | undefined,
  path: string,
): readonly T[] | Problem {
  const appended = appendPart(parts, part, `${path}.rule`);
  return isProblem(appended) || before === undefined ? appended : movePart(appended, part.id, before, path);
}

export function replacePart<T extends Identified>(parts: readonly T[], part: T, path: string): readonly T[] | Problem {
  const index = parts.findIndex(({ id }) => id === part.id);
  return index < 0 ? noSuchPart(parts, part.id, path) : parts.with(index, part);
}

export function removePart<T extends Identified>(
  parts: readonly T[],
  id: string,
  path: string,
): readonly T[] | Problem {
  return parts.some((part) => part.id === id) ? parts.filter((part) => part.id !== id) : noSuchPart(parts, id, path);
}

/** Moves before the part with that id, or to the end. */
export function movePart<T extends Identified>(
  parts: readonly T[],
  id: string,
  before: string | undefined,
  path: string,
): readonly T[] | Problem {
  const part = parts.find((candidate) => candidate.id === id);
  if (part === undefined) return noSuchPart(parts, id, `${path}.id`);
  if (before === id) return parts;
  const rest = parts.filter((candidate) => candidate !== part);
  if (before === undefined) return [...rest, part];
  const index = rest.findIndex((candidate) => candidate.id === before);
  return index < 0 ? noSuchPart(rest, before, `${path}.before`) : rest.toSpliced(index, 0, part);
}

function noSuchPart(parts: readonly Identified[], id: string, path: string): Problem {
  return problem(path, `there is no rule \`${id}\`; the rules are ${listNames(parts.map((part) => part.id))}`);
}

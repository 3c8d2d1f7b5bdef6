/** What is wrong with an instruction, where, and what would be right. */
export interface Problem {
  readonly kind: 'problem';
  /** Where, from the change downward: `instructions[2].rule.clauses[0].op`. */
  readonly path: string;
  /** What was expected and what was found. */
  readonly message: string;
  /** For what callers tell apart: something with that key is there already. */
  readonly code?: 'already-exists';
}

export function problem(path: string, message: string): Problem {
  return { kind: 'problem', path, message };
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'problem';
}

/** `a`, `b` and `c`; or a word for none. */
export function listNames(names: readonly string[], none = 'none'): string {
  const quoted = names.map((name) => `\`${name}\``);
  const last = quoted.pop();
  if (last === undefined) return none;
  return quoted.length === 0 ? last : `${quoted.join(', ')} and ${last}`;
}

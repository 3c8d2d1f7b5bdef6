import { findClauseProblem } from './clause.ts';
import { findWay } from './cycle.ts';
import type { SegmentInstruction } from './instructions.ts';
import { addKeys, removeKeys } from './key-lists.ts';
import { type Lookup, listSegmentReferences } from './objects.ts';
import { appendPart, insertPart, movePart, removePart, replacePart } from './ordered.ts';
import { isProblem, type Problem, problem } from './problem.ts';
import type { SegmentRule, SegmentState } from './segment.ts';

type Of<Kind extends SegmentInstruction['kind']> = Extract<SegmentInstruction, { kind: Kind }>;

export function createSegment(key: string, instruction: Of<'create-segment'>, lookup: Lookup): SegmentState {
  return {
    key,
    name: instruction.name ?? key,
    description: instruction.description ?? '',
    tags: [...new Set(instruction.tags ?? [])].sort(),
    included: [],
    excluded: [],
    rules: [],
    salt: instruction.salt ?? lookup.createId(),
  };
}

/** Follows one instruction; undefined when the segment is deleted. */
export function editSegment(
  segment: SegmentState,
  instruction: Exclude<SegmentInstruction, { kind: 'create-segment' }>,
  lookup: Lookup,
  path: string,
): SegmentState | undefined | Problem {
  switch (instruction.kind) {
    case 'update-segment': {
      const { name = segment.name, description = segment.description, tags = segment.tags } = instruction;
      return { ...segment, name, description, tags: [...new Set(tags)].sort() };
    }
    case 'add-members':
      return addMembers(segment, instruction);
    case 'remove-members': {
      const { list, contextKind = 'user', keys } = instruction;
      return { ...segment, [list]: removeKeys(segment[list], keys, (members) => members.contextKind === contextKind) };
    }
    case 'add-segment-rule': {
      const rule = parseSegmentRule(segment.key, instruction.rule, lookup, `${path}.rule`);
      return isProblem(rule) ? rule : withRules(segment, insertPart(segment.rules, rule, instruction.before, path));
    }
    case 'replace-segment-rule': {
      const rule = parseSegmentRule(segment.key, instruction.rule, lookup, `${path}.rule`);
      return isProblem(rule) ? rule : withRules(segment, replacePart(segment.rules, rule, `${path}.rule.id`));
    }
    case 'remove-segment-rule':
      return withRules(segment, removePart(segment.rules, instruction.id, `${path}.id`));
    case 'move-segment-rule':
      return withRules(segment, movePart(segment.rules, instruction.id, instruction.before, path));
    case 'replace-segment':
      return replaceSegment(segment, instruction, lookup, `${path}.configuration`);
    case 'delete-segment': {
      const users = lookup.listDependents({ kind: 'segment', key: segment.key });
      if (users.length === 0) return undefined;
      const names = users.map(({ kind, key }) => `${kind} \`${key}\``).join(', ');
      return problem(path, `segment \`${segment.key}\` is used by ${names} and cannot be deleted`);
    }
    default:
      return instruction satisfies never;
  }
}

function withRules(segment: SegmentState, rules: readonly SegmentRule[] | Problem): SegmentState | Problem {
  return isProblem(rules) ? rules : { ...segment, rules };
}

function addMembers(segment: SegmentState, instruction: Of<'add-members'>): SegmentState {
  const { list, contextKind = 'user', keys } = instruction;
  const belongs = (members: { readonly contextKind: string }): boolean => members.contextKind === contextKind;
  return { ...segment, [list]: addKeys(segment[list], keys, belongs, (added) => ({ contextKind, keys: added })) };
}

type SegmentRuleInput = Omit<Of<'add-segment-rule'>['rule'], 'clauses'> & Pick<SegmentRule, 'clauses'>;

function parseSegmentRule(
  segment: string,
  input: SegmentRuleInput,
  lookup: Lookup,
  path: string,
): SegmentRule | Problem {
  const { id = lookup.createId(), ...rest } = input;
  const wrong = findClauseProblem(rest.clauses, lookup, `${path}.clauses`);
  if (wrong !== undefined) return wrong;
  const nested = rest.clauses.filter(({ op }) => op === 'segmentMatch').flatMap(({ values }) => values.map(String));
  for (const other of nested) {
    const way = findWay(other, segment, (key) => listNested(lookup, key));
    if (way !== undefined) {
      return problem(`${path}.clauses`, `segments may not contain themselves, got ${[segment, ...way].join(' → ')}`);
    }
  }
  return { id, ...rest };
}

function listNested(lookup: Lookup, key: string): readonly string[] {
  const segment = lookup.findSegment(key);
  return segment === undefined ? [] : listSegmentReferences(segment).map((reference) => reference.key);
}

function replaceSegment(
  segment: SegmentState,
  { configuration }: Of<'replace-segment'>,
  lookup: Lookup,
  path: string,
): SegmentState | Problem {
  const { rules, included, excluded, name, description, tags, salt = segment.salt } = configuration;
  let state: SegmentState = { ...segment, name, description, tags, included: [], excluded: [], rules: [], salt };
  for (const list of ['included', 'excluded'] as const) {
    for (const { contextKind, keys } of list === 'included' ? included : excluded) {
      state = addMembers(state, { kind: 'add-members', list, contextKind, keys });
    }
  }
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    const parsed = parseSegmentRule(segment.key, rule, lookup, at);
    const added = isProblem(parsed) ? parsed : withRules(state, appendPart(state.rules, parsed, at));
    if (isProblem(added)) return added;
    state = added;
  }
  return state;
}

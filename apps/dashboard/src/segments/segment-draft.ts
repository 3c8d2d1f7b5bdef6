import type { SegmentView } from '@sluice/api-client';
import type { InstructionInput } from '@sluice/authoring';
import { rebaseEntries, rebaseFields } from '../review/rebase.ts';

/** Who is in a segment: what its page edits. */
export type SegmentDraft = Pick<SegmentView, 'name' | 'description' | 'included' | 'excluded' | 'rules'>;
export type Members = SegmentView['included'][number];
export type SegmentRule = SegmentView['rules'][number];
export type MemberList = 'included' | 'excluded';

/** Of one instruction. */
const keysMost = 50_000;

export function draftOf({ name, description, included, excluded, rules }: SegmentView): SegmentDraft {
  return { name, description, included, excluded, rules };
}

export function keysOf(members: readonly Members[], contextKind: string): readonly string[] {
  return members.find((each) => each.contextKind === contextKind)?.keys ?? [];
}

/** The members with more keys of a kind; those that are there already stay where they are. */
export function withKeys(
  members: readonly Members[],
  contextKind: string,
  keys: readonly string[],
): readonly Members[] {
  const all = { contextKind, keys: [...new Set([...keysOf(members, contextKind), ...keys])] };
  return members.some((each) => each.contextKind === contextKind)
    ? members.map((each) => (each.contextKind === contextKind ? all : each))
    : [...members, all];
}

export function withoutKey(members: readonly Members[], contextKind: string, key: string): readonly Members[] {
  return members.map((each) =>
    each.contextKind === contextKind ? { ...each, keys: each.keys.filter((other) => other !== key) } : each,
  );
}

/** Keys as one pastes them: by line, comma, semicolon or tab, in quotes or not; each once. */
export function parseKeys(text: string): readonly string[] {
  const parts = text.split(/[,;\t\r\n]/).map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2'));
  return [...new Set(parts.filter((part) => part !== ''))];
}

/** What leads from one to the other. In which order the rules stand decides nothing. */
export function listSegmentInstructions(from: SegmentDraft, to: SegmentDraft): readonly InstructionInput[] {
  const isRenamed = from.name !== to.name || from.description !== to.description;
  return [
    ...(isRenamed ? [{ kind: 'update-segment' as const, name: to.name, description: to.description }] : []),
    ...(['included', 'excluded'] as const).flatMap((list) => [
      ...compareMembers(to[list], from[list]).map((part) => ({ kind: 'remove-members' as const, list, ...part })),
      ...compareMembers(from[list], to[list]).map((part) => ({ kind: 'add-members' as const, list, ...part })),
    ]),
    ...listRules(from.rules, to.rules),
  ];
}

/** What is in `to` and not in `from`. */
function compareMembers(from: readonly Members[], to: readonly Members[]) {
  return to.flatMap(({ contextKind, keys }) => {
    const others = lacking(keys, keysOf(from, contextKind));
    return Array.from({ length: Math.ceil(others.length / keysMost) }, (_, at) => ({
      contextKind,
      keys: others.slice(at * keysMost, (at + 1) * keysMost),
    }));
  });
}

/** The draft on top of what somebody else left: keys and rules that it does not touch are theirs. */
export function rebaseSegment(began: SegmentDraft, theirs: SegmentDraft, mine: SegmentDraft): SegmentDraft {
  return {
    ...rebaseFields(began, theirs, mine),
    included: rebaseMembers(began.included, theirs.included, mine.included),
    excluded: rebaseMembers(began.excluded, theirs.excluded, mine.excluded),
    rules: rebaseEntries(began.rules, theirs.rules, mine.rules),
  };
}

function rebaseMembers(
  began: readonly Members[],
  theirs: readonly Members[],
  mine: readonly Members[],
): readonly Members[] {
  const added = mine.map(({ contextKind, keys }) => ({ contextKind, keys: lacking(keys, keysOf(began, contextKind)) }));
  const all = added
    .filter(({ keys }) => keys.length > 0)
    .reduce((members, { contextKind, keys }) => withKeys(members, contextKind, keys), theirs);
  return all.map(({ contextKind, keys }) => {
    const removed = lacking(keysOf(began, contextKind), keysOf(mine, contextKind));
    return { contextKind, keys: lacking(keys, removed) };
  });
}

/** Those of the keys that are not among the others. */
function lacking(keys: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return keys.filter((key) => !known.has(key));
}

function listRules(from: readonly SegmentRule[], to: readonly SegmentRule[]): readonly InstructionInput[] {
  const old = new Map(from.map((rule) => [rule.id, rule]));
  const wanted = new Set(to.map(({ id }) => id));
  return [
    ...from.filter(({ id }) => !wanted.has(id)).map(({ id }) => ({ kind: 'remove-segment-rule' as const, id })),
    ...to.flatMap((rule): readonly InstructionInput[] => {
      const was = old.get(rule.id);
      if (was === undefined) return [{ kind: 'add-segment-rule', rule: writeRule(rule) }];
      return JSON.stringify(was) === JSON.stringify(rule)
        ? []
        : [{ kind: 'replace-segment-rule', rule: writeRule(rule) }];
    }),
  ];
}

function writeRule({ clauses, ...rest }: SegmentRule) {
  return { ...rest, clauses: clauses.map((clause) => ({ ...clause, values: [...clause.values] })) };
}

/** What is not whole yet, and so cannot be applied. */
export function findSegmentFault({ name, rules }: SegmentDraft): string | undefined {
  if (name.trim() === '') return 'The segment has no name';
  const empty = rules.findIndex(({ clauses }) => clauses.length === 0);
  if (empty !== -1) return `Rule ${empty + 1} has no condition: everyone would be in the segment`;
  const open = rules.findIndex(({ clauses }) => clauses.some(({ values }) => values.length === 0));
  return open === -1 ? undefined : `Rule ${open + 1} has a condition without a value`;
}

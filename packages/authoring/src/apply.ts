import type { FlagState } from './configuration.ts';
import { editConfiguration } from './edit-configuration.ts';
import { createFlag, editDefinition } from './edit-definition.ts';
import { createSegment, editSegment } from './edit-segment.ts';
import {
  type ChangeRequest,
  type Instruction,
  isDefinitionInstruction,
  isSegmentInstruction,
  type SegmentInstruction,
} from './instructions.ts';
import { findLeap } from './leap.ts';
import { listMadeSegments } from './made-segments.ts';
import { findUnsafeMove } from './migration-safety.ts';
import { type Lookup, listFlagReferences, listSegmentReferences, type ObjectId, sameObject } from './objects.ts';
import { isProblem, type Problem, problem } from './problem.ts';
import { asksMore, findOverreach, furthestReach } from './reach.ts';
import type { SegmentState } from './segment.ts';

/** What a change comes to. */
export interface Applied {
  /** The instructions as they were followed: each names whom it addresses, and new rules have their ids. */
  readonly instructions: readonly Instruction[];
  /** Flags that were addressed, as the change leaves them; undefined: deleted. */
  readonly flags: ReadonlyMap<string, FlagState | undefined>;
  readonly segments: ReadonlyMap<string, SegmentState | undefined>;
}

/** Fills in what the instruction leaves to the change or to us; undefined: nobody says whom it addresses. */
function complete(instruction: Instruction, request: Addressed, lookup: Lookup): Instruction | undefined {
  const withId = withNewId(instruction, lookup);
  if (isSegmentInstruction(withId)) {
    const segment = withId.segment ?? request.segment;
    return segment === undefined ? undefined : { ...withId, segment };
  }
  const flag = withId.flag ?? request.flag;
  return flag === undefined ? undefined : { ...withId, flag };
}

/** What makes a rule says its id. */
function withNewId(instruction: Instruction, lookup: Lookup): Instruction {
  if (instruction.kind === 'trip' || instruction.kind === 'set-override')
    return { id: lookup.createId(), ...instruction };
  if (instruction.kind === 'set-stage' && instruction.when !== undefined)
    return { id: lookup.createId(), ...instruction };
  if (!('rule' in instruction)) return instruction;
  // The rule keeps its shape; only its id is certain now.
  return { ...instruction, rule: { id: lookup.createId(), ...instruction.rule } } as Instruction;
}

type Addressed = Pick<ChangeRequest, 'flag' | 'segment'>;

/**
 * Follows the instructions of a change one after the other, each seeing what those before it did. All or nothing: the
 * first that cannot be followed is the answer, and no state is changed.
 */
export function apply(
  request: Pick<ChangeRequest, 'flag' | 'segment' | 'instructions'>,
  lookup: Lookup,
): Applied | Problem {
  const flags = new Map<string, FlagState | undefined>();
  const segments = new Map<string, SegmentState | undefined>();
  const view: Lookup = {
    ...lookup,
    findFlag: (key) => (flags.has(key) ? flags.get(key) : lookup.findFlag(key)),
    findSegment: (key) => (segments.has(key) ? segments.get(key) : lookup.findSegment(key)),
    listDependents: (object) => [
      ...lookup.listDependents(object).filter(({ kind, key }) => !(kind === 'flag' ? flags : segments).has(key)),
      ...listUsers(object, flags, segments),
    ],
  };
  const instructions: Instruction[] = [];
  for (const [index, given] of request.instructions.entries()) {
    const path = `instructions[${index}]`;
    const instruction = complete(given, request, lookup);
    if (instruction === undefined) {
      const kind = isSegmentInstruction(given) ? 'segment' : 'flag';
      return problem(path, `expected a \`${kind}\`, in the instruction or in the change, got none`);
    }
    instructions.push(instruction);
    if (isSegmentInstruction(instruction)) {
      const { key } = addresseeOf(instruction);
      const state = followForSegment(key, instruction, view, path);
      if (isProblem(state)) return state;
      segments.set(key, state);
    } else {
      const { key } = addresseeOf(instruction);
      const state = followForFlag(key, instruction, view, path);
      if (isProblem(state)) return state;
      flags.set(key, state);
    }
  }
  for (const [key, state] of flags) {
    for (const [name, segment] of listMadeDifference(lookup.findFlag(key), state)) segments.set(name, segment);
  }
  const wrong = findReachProblem(instructions, lookup, view) ?? findMoveProblem(instructions, lookup, flags);
  return wrong ?? { instructions, flags, segments };
}

/** The segments that are made for a flag, as far as a change makes others of them; undefined: no longer needed. */
function listMadeDifference(
  before: FlagState | undefined,
  after: FlagState | undefined,
): ReadonlyMap<string, SegmentState | undefined> {
  const [were, are] = [listMadeSegments(before), listMadeSegments(after)];
  const gone = [...were.keys()].filter((key) => !are.has(key));
  const changed = [...are].filter(([key, segment]) => JSON.stringify(segment) !== JSON.stringify(were.get(key)));
  return new Map<string, SegmentState | undefined>([...gone.map((key) => [key, undefined] as const), ...changed]);
}

/** Looked at once all is done: what an object reaches depends on others. */
function findReachProblem(instructions: readonly Instruction[], before: Lookup, after: Lookup): Problem | undefined {
  const last = new Map(
    instructions.map((instruction, index) => {
      const id = addresseeOf(instruction);
      return [`${id.kind}/${id.key}`, { id, index }];
    }),
  );
  for (const { id, index } of last.values()) {
    const overreach = asksMore(id, before, after) ? findOverreach(id, after) : undefined;
    if (overreach === undefined) continue;
    const what =
      id.kind === 'flag' ? 'prerequisites, those of its prerequisites' : 'segments, those that its segments ask';
    return problem(
      `instructions[${index}]`,
      `${id.kind} \`${overreach.key}\` may need at most ${furthestReach} ${what} included, got more`,
    );
  }
  return undefined;
}

/** Looked at once all is done: several small steps may be a large one, and only what they come to reaches the fleet. */
function findMoveProblem(
  instructions: readonly Instruction[],
  before: Lookup,
  flags: Applied['flags'],
): Problem | undefined {
  const steps = instructions.map((instruction, index) => ({ instruction, path: `instructions[${index}]` }));
  for (const [key, state] of flags) {
    const own = steps.filter(({ instruction }) => sameObject(addresseeOf(instruction), { kind: 'flag', key }));
    const was = before.findFlag(key);
    const wrong = findUnsafeMove(was, state, own) ?? findLeap(was, state, own);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function addresseeOf(instruction: Instruction): ObjectId {
  return isSegmentInstruction(instruction)
    ? { kind: 'segment', key: instruction.segment ?? '' }
    : { kind: 'flag', key: instruction.flag ?? '' };
}

/** Which of the objects that were addressed so far refer to this one. */
function listUsers(object: ObjectId, flags: Applied['flags'], segments: Applied['segments']): readonly ObjectId[] {
  const refers = (references: readonly ObjectId[]): boolean => references.some((to) => sameObject(to, object));
  return [
    ...[...flags].flatMap(([key, flag]): readonly ObjectId[] =>
      flag !== undefined && refers(listFlagReferences(flag.configuration)) ? [{ kind: 'flag', key }] : [],
    ),
    ...[...segments].flatMap(([key, segment]): readonly ObjectId[] =>
      segment !== undefined && refers(listSegmentReferences(segment)) ? [{ kind: 'segment', key }] : [],
    ),
  ];
}

function followForFlag(
  key: string,
  instruction: Exclude<Instruction, SegmentInstruction>,
  view: Lookup,
  path: string,
): FlagState | undefined | Problem {
  const flag = view.findFlag(key);
  if (instruction.kind === 'create-flag') {
    if (flag !== undefined) return alreadyExists(path, `there already is a flag \`${key}\` in this project`);
    return createFlag(key, instruction, view, path);
  }
  if (flag === undefined) return problem(path, `there is no flag \`${key}\` in this project`);
  if (isDefinitionInstruction(instruction)) return editDefinition(flag, instruction, view, path);
  const configuration = editConfiguration(flag, instruction, view, path);
  return isProblem(configuration) ? configuration : { ...flag, configuration };
}

function followForSegment(
  key: string,
  instruction: SegmentInstruction,
  view: Lookup,
  path: string,
): SegmentState | undefined | Problem {
  const segment = view.findSegment(key);
  if (instruction.kind === 'create-segment') {
    if (segment !== undefined) return alreadyExists(path, `there already is a segment \`${key}\` in this environment`);
    return createSegment(key, instruction, view);
  }
  // Nobody can name one that was made for a flag: its key is not one that people may give.
  if (segment === undefined) return problem(path, `there is no segment \`${key}\` in this environment`);
  return editSegment(segment, instruction, view, path);
}

function alreadyExists(path: string, message: string): Problem {
  return { ...problem(path, message), code: 'already-exists' };
}

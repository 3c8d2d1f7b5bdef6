import type { FlagState } from './configuration.ts';
import { type FlagDefinition, typeOfValue, type Variation } from './definition.ts';
import type { Instruction } from './instructions.ts';
import { isMadeKey } from './made-segments.ts';
import type { ObjectId } from './objects.ts';
import type { SegmentState } from './segment.ts';
import { listVariations } from './variations.ts';

/** An object as it was before a change, and as it is now; undefined: it did not, or does not, exist. */
export interface Reversal {
  readonly id: ObjectId;
  readonly before: FlagState | SegmentState | undefined;
  readonly now: FlagState | SegmentState | undefined;
}

/**
 * In which order instructions bring objects back, so that each can be followed: who refers to others lets go of them
 * first, what is referred to is there and whole while references are restored, and what nobody needs any more goes last.
 */
const phases = [
  'let go',
  'clear',
  'create',
  'unarchive',
  'widen',
  'restore segment',
  'restore configuration',
  'restore definition',
  'archive',
  'delete flag',
  'delete segment',
] as const;

interface Step {
  readonly phase: (typeof phases)[number];
  readonly instruction: Instruction;
}

/** The instructions that bring objects back to what they were. */
export function listRevertInstructions(reversals: readonly Reversal[]): readonly Instruction[] {
  // What was done last is undone first.
  const flags = reversals.filter(({ id }) => id.kind === 'flag').toReversed();
  // Segments that were made for a flag come back with it.
  const segments = reversals.filter(({ id }) => id.kind === 'segment' && !isMadeKey(id.key));
  return [
    ...flags.flatMap((reversal) => listFlagSteps(reversal, flags.length > 1)),
    ...segments.flatMap((reversal) => listSegmentSteps(reversal, segments.length > 1)),
  ]
    .toSorted((a, b) => phases.indexOf(a.phase) - phases.indexOf(b.phase))
    .map(({ instruction }) => instruction);
}

/** Only among several flags may one have to let go of a prerequisite before another can be restored. */
function listFlagSteps({ id: { key: flag }, before, now }: Reversal, isOneOfSeveral: boolean): readonly Step[] {
  // Objects of kind flag have flag states.
  const [was, is] = [before as FlagState | undefined, now as FlagState | undefined];
  if (isSame(was, is)) return [];
  const letGo = isOneOfSeveral ? listPrerequisitesToRemove(flag, was, is) : [];
  if (was === undefined) return [...letGo, { phase: 'delete flag', instruction: { kind: 'delete', flag } }];
  if (is === undefined || natureOf(is) !== natureOf(was)) {
    const clear: Step[] = is === undefined ? [] : [{ phase: 'clear', instruction: { kind: 'delete', flag } }];
    return [...letGo, ...clear, ...listCreationSteps(flag, was)];
  }
  return [
    ...letGo,
    ...listDefinitionSteps(flag, was.definition, is.definition),
    ...listConfigurationSteps(flag, was, is),
  ];
}

function listPrerequisitesToRemove(
  flag: string,
  was: FlagState | undefined,
  is: FlagState | undefined,
): readonly Step[] {
  const kept = new Set(was?.configuration.prerequisites.map((prerequisite) => prerequisite.flag));
  return (is?.configuration.prerequisites ?? [])
    .filter((prerequisite) => !kept.has(prerequisite.flag))
    .map((prerequisite) => ({
      phase: 'let go',
      instruction: { kind: 'remove-prerequisite', flag, prerequisite: { flag: prerequisite.flag } },
    }));
}

/** What no instruction changes about a flag. */
function natureOf({ definition: { kind, variations } }: FlagState): string {
  return kind === 'config' ? kind : `${kind} of ${typeOfValue(variations[0]?.value)}`;
}

function listCreationSteps(flag: string, was: FlagState): readonly Step[] {
  const { key: _, archived, variations, ...fields } = was.definition;
  const { salt, ...configuration } = was.configuration;
  const isConfig = was.definition.kind === 'config';
  const definition = { ...fields, ...(isConfig ? { value: listVariations(was)[0]?.value } : { variations }) };
  return [
    {
      phase: 'create',
      instruction: { kind: 'create-flag', flag, salt, definition: copy<Of<'create-flag'>['definition']>(definition) },
    },
    {
      phase: 'restore configuration',
      instruction: { kind: 'replace-configuration', flag, configuration: copy<ConfigurationInput>(configuration) },
    },
    ...(archived ? [{ phase: 'archive', instruction: { kind: 'archive', flag } } as const] : []),
  ];
}

/** While the configuration is replaced, the flag has the variations of both, or takes any value. */
function listDefinitionSteps(flag: string, was: FlagDefinition, is: FlagDefinition): readonly Step[] {
  const steps: Step[] = [];
  if (was.archived !== is.archived) {
    const kind = was.archived ? 'archive' : 'unarchive';
    steps.push({ phase: kind, instruction: { kind, flag } });
  }
  if (isSame(is, { ...was, archived: is.archived })) return steps;
  if (was.config !== undefined && JSON.stringify(was.config) !== JSON.stringify(is.config)) {
    const dimensions = [...new Set([...was.config.dimensions, ...(is.config?.dimensions ?? [])])];
    const definition = { config: { schema: {}, dimensions } };
    steps.push({ phase: 'widen', instruction: { kind: 'update-definition', flag, definition } });
  }
  const both = mergeVariations(was.variations, is.variations);
  if (both.length > is.variations.length) {
    const definition = { variations: copy<Variation[]>(both) };
    steps.push({ phase: 'widen', instruction: { kind: 'update-definition', flag, definition } });
  }
  const { key: _, kind, archived: __, variations, ...rest } = was;
  const fields = kind === 'config' ? rest : { ...rest, variations };
  const definition = copy<Of<'update-definition'>['definition']>(fields);
  steps.push({ phase: 'restore definition', instruction: { kind: 'update-definition', flag, definition } });
  return steps;
}

function listConfigurationSteps(flag: string, was: FlagState, is: FlagState): readonly Step[] {
  if (isSame(was.configuration, is.configuration)) return [];
  const { salt, ...configuration } = was.configuration;
  const restored = { ...configuration, ...(salt !== is.configuration.salt && { salt }) };
  return [
    {
      phase: 'restore configuration',
      instruction: { kind: 'replace-configuration', flag, configuration: copy<ConfigurationInput>(restored) },
    },
  ];
}

/** Only among several segments may one have to let go of another before that can be restored. */
function listSegmentSteps({ id: { key: segment }, before, now }: Reversal, isOneOfSeveral: boolean): readonly Step[] {
  // Objects of kind segment have segment states.
  const [was, is] = [before as SegmentState | undefined, now as SegmentState | undefined];
  if (isSame(was, is)) return [];
  const kept = new Set(was?.rules.map((rule) => JSON.stringify(rule)));
  const gone = isOneOfSeveral ? (is?.rules ?? []).filter((rule) => !kept.has(JSON.stringify(rule))) : [];
  const letGo = gone.map(
    ({ id }): Step => ({ phase: 'let go', instruction: { kind: 'remove-segment-rule', segment, id } }),
  );
  if (was === undefined)
    return [...letGo, { phase: 'delete segment', instruction: { kind: 'delete-segment', segment } }];
  const { key: _, salt, ...configuration } = was;
  const restored = { ...configuration, ...(is !== undefined && salt !== is.salt && { salt }) };
  const create: Step[] =
    is === undefined ? [{ phase: 'create', instruction: { kind: 'create-segment', segment, salt } }] : [];
  return [
    ...letGo,
    ...create,
    {
      phase: 'restore segment',
      instruction: {
        kind: 'replace-segment',
        segment,
        configuration: copy<Of<'replace-segment'>['configuration']>(restored),
      },
    },
  ];
}

function mergeVariations(first: readonly Variation[], second: readonly Variation[]): readonly Variation[] {
  const ids = new Set(first.map(({ id }) => id));
  return [...first, ...second.filter(({ id }) => !ids.has(id))];
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>;
type ConfigurationInput = Of<'replace-configuration'>['configuration'];

/** States are read-only and instructions are not, but both are the same plain JSON. */
function copy<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value));
}

import {
  type ChangeRequest,
  type Clause,
  type FlagConfiguration,
  type FlagDefinition,
  type FlagState,
  type Instruction,
  type InstructionInput,
  instructionSchema,
  type Lookup,
  listFlagReferences,
  listSegmentReferences,
  type ObjectId,
  type Rule,
  type SegmentState,
  sameObject,
} from '@sluice/authoring';
import { regex, schemas } from '@sluice/control-plane';
import { stages } from '@sluice/engine';

/** The parts of a flag that matter to a test, all in one object. */
export type FlagParts = Partial<FlagDefinition & FlagConfiguration>;

/** A flag as people edit it: a release with the variations `on` and `off`, turned off, unless told otherwise. */
export function buildFlag(parts: FlagParts = {}): FlagState {
  const { key = 'checkout', kind = 'release', variations = [...onAndOff] } = parts;
  const { name = key, description = '', tags = [], owner = '', archived = false } = parts;
  const { clientSide = { web: false, mobile: false } } = parts;
  const { on = false, offVariation = variations.at(-1)?.id ?? '', salt = `salt of ${key}` } = parts;
  const { fallthrough = { variation: variations[0]?.id ?? '' }, targets = [], rules = [], prerequisites = [] } = parts;
  return {
    definition: {
      key,
      kind,
      name,
      description,
      tags,
      owner,
      variations,
      ...(parts.config !== undefined && { config: parts.config }),
      clientSide,
      archived,
    },
    configuration: { on, offVariation, fallthrough, targets, rules, prerequisites, salt },
  };
}

/** A valve that is not tripped: `normal`, `cached`, `off-404` and `off`. */
export function buildValve(parts: FlagParts = {}): FlagState {
  const variations = buildVariations('normal', 'cached', 'off-404', 'off');
  return buildFlag({ key: 'search', kind: 'valve', variations, on: true, offVariation: 'normal', ...parts });
}

/** A config with the value 60, in seconds, from 1 to 3600, which may vary by account, route, network and region. */
export function buildConfig(parts: FlagParts = {}): FlagState {
  const schema = { type: 'integer', minimum: 1, maximum: 3600 };
  const dimensions = ['account', 'route', 'ip', 'instance.region'];
  return buildFlag({
    key: 'cache.ttl',
    kind: 'config',
    variations: [],
    config: { schema, unit: 's', maxChangeFactor: 4, dimensions },
    on: true,
    offVariation: '60',
    fallthrough: { variation: '60' },
    ...parts,
  });
}

/** A migration whose records are all in `off`. */
export function buildMigration(parts: FlagParts = {}): FlagState {
  const variations = buildVariations(...stages);
  const start = { on: true, offVariation: 'off', fallthrough: { variation: 'off' } };
  return buildFlag({ key: 'orders', kind: 'migration', variations, ...start, ...parts });
}

const onAndOff = [
  { id: 'on', value: true },
  { id: 'off', value: false },
] as const;

/** Variations whose values are their ids. */
export function buildVariations(...ids: readonly string[]): FlagDefinition['variations'] {
  return ids.map((id) => ({ id, value: id }));
}

export function buildSegment(parts: Partial<SegmentState> = {}): SegmentState {
  const { key = 'beta', name = key, description = '', tags = [], included = [], excluded = [], rules = [] } = parts;
  return { key, name, description, tags, included, excluded, rules, salt: parts.salt ?? `salt of ${key}` };
}

/** A rule that serves `on` to whom the clauses match. */
export function buildRule(id: string, ...clauses: readonly Clause[]): Rule {
  return { id, clauses, variation: 'on' };
}

/** A clause that asks a segment. */
export function inSegment(key: string): Clause {
  return { op: 'segmentMatch', values: [key] };
}

/** Makes instructions of what people write, as the API does. */
export function parseInstructions(...inputs: readonly InstructionInput[]): Instruction[] {
  return inputs.map((input) => instructionSchema.parse(input));
}

/** A change of the flag `checkout`, unless instructions say otherwise. */
export function changeCheckout(...inputs: readonly InstructionInput[]): ChangeRequest {
  return { flag: 'checkout', instructions: parseInstructions(...inputs) };
}

export interface LookupParts {
  readonly flags?: readonly FlagState[];
  readonly segments?: readonly SegmentState[];
  /** Configurations in other environments, by environment. */
  readonly elsewhere?: Readonly<Record<string, FlagState>>;
  readonly actor?: string;
  readonly now?: number;
}

/** An environment in memory. Ids are `id-1`, `id-2` and so on. */
export function buildLookup({
  flags = [],
  segments = [],
  elsewhere = {},
  actor = 'ann',
  now = 0,
}: LookupParts = {}): Lookup {
  let ids = 0;
  const flagsByKey = new Map(flags.map((flag) => [flag.definition.key, flag]));
  const segmentsByKey = new Map(segments.map((segment) => [segment.key, segment]));
  return {
    findFlag: (key) => flagsByKey.get(key),
    findSegment: (key) => segmentsByKey.get(key),
    findConfiguration: (environment, flag) => {
      const found = Object.hasOwn(elsewhere, environment) ? elsewhere[environment] : undefined;
      return found?.definition.key === flag ? found.configuration : undefined;
    },
    listDependents: (object) => [
      ...flags.filter(({ configuration }) => refersTo(listFlagReferences(configuration), object)).map(toFlagId),
      ...segments.filter((segment) => refersTo(listSegmentReferences(segment), object)).map(toSegmentId),
    ],
    createId: () => `id-${++ids}`,
    actor,
    now,
    regex,
    schemas,
  };
}

function refersTo(references: readonly ObjectId[], object: ObjectId): boolean {
  return references.some((reference) => sameObject(reference, object));
}

function toFlagId({ definition: { key } }: FlagState): ObjectId {
  return { kind: 'flag', key };
}

function toSegmentId({ key }: SegmentState): ObjectId {
  return { kind: 'segment', key };
}

import { flagKinds, instructionSchema, migrationChecks, roles, stateWords, units } from '@sluice/authoring';
import * as z from 'zod';

/**
 * What the management API answers: the server's types, the client's and the OpenAPI document all come from here.
 * Clients ignore properties that they do not know; times are milliseconds since the epoch.
 */

function view<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).readonly();
}

/** One that has a name of its own in the OpenAPI document. */
function named<Shape extends z.ZodRawShape>(id: string, shape: Shape) {
  return view(shape).meta({ id });
}

function list<Item extends z.ZodType>(item: Item) {
  return z.array(item).readonly();
}

/** Part of a list; a list without pages is one page. */
export function pageOf<Item extends z.ZodType>(item: Item): PageOf<Item> {
  return view(pageFields(item));
}

type PageOf<Item extends z.ZodType> = z.ZodReadonly<z.ZodObject<ReturnType<typeof pageFields<Item>>>>;

function pageFields<Item extends z.ZodType>(item: Item) {
  return {
    items: list(item),
    /** Where the next page starts; absent on the last. */
    nextCursor: z.string().exactOptional(),
  };
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

const text = z.string();
const count = z.int().min(0);
const version = z.int().min(0);
const time = z.int();
const ms = z.int();
const share = z.number().min(0).max(1);

const projectFields = { key: text, name: text, createdAt: time };
export const projectView = named('Project', projectFields);
export type ProjectView = z.output<typeof projectView>;

const environmentFields = {
  key: text,
  name: text,
  /** Of its last change. */
  version,
  /** Whether real users depend on it: pages show it so that nobody takes it for another. */
  isProduction: z.boolean(),
  createdAt: time,
};
export const environmentView = named('Environment', environmentFields);
export type EnvironmentView = z.output<typeof environmentView>;

/** An environment right after it was made: the only time that its first keys are shown. */
export const newEnvironmentView = named('NewEnvironment', { ...environmentFields, sdkKey: text, clientSideId: text });
export type NewEnvironmentView = z.output<typeof newEnvironmentView>;

const definitionFields = {
  key: text,
  kind: z.enum(flagKinds),
  name: text,
  description: text,
  tags: list(text),
  owner: text,
  /**
   * On serves the first by default, off the last. Of a valve: its modes, the normal one first, then by severity.
   * Of a config: its values in the environment, each named by its JSON text, the environment's own first.
   */
  variations: list(view({ id: text, value: z.json(), name: text.optional(), description: text.optional() })),
  /** What a config's values may be, and by what they may vary. */
  config: view({
    /** JSON Schema, draft 2020-12. */
    schema: z.record(z.string(), z.unknown()).readonly(),
    unit: z.enum(units).optional(),
    maxChangeFactor: z.number().optional(),
    /** Of two overrides that match, the one by the dimension that stands first wins. */
    dimensions: list(text),
  }).optional(),
  /** Which client-side SDKs may see the flag. */
  clientSide: view({ web: z.boolean(), mobile: z.boolean() }),
  archived: z.boolean(),
};
/** What a flag is, in every environment. */
export const flagView = named('Flag', definitionFields);
export type FlagView = z.output<typeof flagView>;

const rolloutView = named('Rollout', {
  /** Weights in thousandths of a percent; they sum to 100,000. */
  variations: list(view({ variation: text, weight: count })),
  contextKind: text.optional(),
  bucketBy: text.optional(),
});

/** Something with what it serves: one variation, or shares of several. */
function serving<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.union([view({ ...shape, variation: text }), view({ ...shape, rollout: rolloutView })]);
}

const clauseView = named('Clause', {
  contextKind: text.optional(),
  attribute: text.optional(),
  op: text,
  values: list(z.union([z.string(), z.number(), z.boolean()])),
  negate: z.boolean().optional(),
});
const ruleFields = { id: text, name: text.optional(), clauses: list(clauseView) };

/** How a rule of a valve came about, and until when it was meant to be. */
const tripView = named('Trip', {
  reason: text,
  by: text,
  at: time,
  expiresAt: time,
  /** It should have been restored by now; until it is, it stays as it is. */
  overdue: z.boolean(),
  incident: text.optional(),
  /** Goes before every rule that is not exempt, however severe. */
  exempt: z.boolean().optional(),
  /** Only so many of the matching contexts of that kind, in thousandths of a percent. */
  share: view({ contextKind: text, weight: count }).optional(),
});

/** A flag in one environment: what it is and how it behaves there. */
export const environmentFlagView = named('EnvironmentFlag', {
  ...definitionFields,
  on: z.boolean(),
  /** Served while the flag is off. */
  offVariation: text,
  /** Served when the flag is on and nothing else matched. */
  fallthrough: serving({}),
  targets: list(view({ variation: text, contextKind: text, keys: list(text) })),
  /** Of a valve: its trips, in the order in which they win. */
  rules: list(serving({ ...ruleFields, trip: tripView.optional() })),
  prerequisites: list(view({ flag: text, variation: text })),
  /** The environment's version that last altered what SDKs get of the flag. */
  version,
  /** Of a flag that is shown alone: what was done last about it here; absent: nothing since it was created. */
  lastChange: view({ version, actor: text, comment: text, createdAt: time }).exactOptional(),
});
export type EnvironmentFlagView = z.output<typeof environmentFlagView>;

const membersView = view({ contextKind: text, keys: list(text) });
export const segmentView = named('Segment', {
  key: text,
  name: text,
  description: text,
  tags: list(text),
  included: list(membersView),
  /** Excluded unless also included. */
  excluded: list(membersView),
  rules: list(
    view({
      ...ruleFields,
      /** Share of the matching contexts, in thousandths of a percent; absent: all. */
      weight: count.optional(),
      contextKind: text.optional(),
      bucketBy: text.optional(),
    }),
  ),
  /** The environment's version that last altered what SDKs get of the segment. */
  version,
});
export type SegmentView = z.output<typeof segmentView>;

const effectView = view({ kind: z.enum(['flag', 'segment']), key: text, text });
export type EffectView = z.output<typeof effectView>;

/** An instance that may still be in what a migration was before. */
const holdoutView = named('Holdout', {
  instance: text,
  sdk: text,
  /** It cannot tell what it runs. */
  isForeign: z.boolean(),
  /** What it has of the environment; absent: it has told of nothing. */
  version: version.exactOptional(),
  /** Under which its oldest operation of a migration began that still runs. */
  oldestVersion: version.exactOptional(),
  /** Why it is waited for. */
  reason: text,
});
export type HoldoutView = z.output<typeof holdoutView>;

const crossing = z.enum(['live', 'rampdown', 'complete', 'off']);

/** Something that has to be so before records of a migration go on. */
const checkView = named('Check', {
  name: z.enum(migrationChecks),
  /** The stages that the first record may not go to before it is so. */
  before: list(crossing),
  isPassed: z.boolean(),
  /** What was found, and what was expected. */
  text,
  /** It is not waited for, because the change says so by name. */
  isOverruled: z.boolean().exactOptional(),
});
export type CheckView = z.output<typeof checkView>;

const barrierFields = {
  flag: text,
  /** Nobody is waited for; of a change also: no check stands in its way. */
  isOpen: z.boolean(),
  /** Which every instance has to have: the one that last altered what SDKs get of the migration. */
  version,
  /** How many instances have it, and no operation of an earlier one. */
  ready: count,
  waitsFor: list(holdoutView),
  checks: list(checkView),
};
/** What is known of the two stores of a migration. */
const evidenceFields = {
  /** Ranges of records from before, none where no backfill was run, and how many of them are the same in both stores. */
  backfill: view({ ranges: count, verified: count }),
  /** Records that instances have yet to make equal in both stores, and how long the first has been waiting. */
  repairs: view({
    depth: count,
    oldestMs: ms,
    instances: list(text),
    /** Those of them that have the most, at most 50. */
    queues: list(view({ instance: text, depth: count, oldestMs: ms })),
    /** Instances that say that the stores may differ in records that they keep no more: only comparing all finds these. */
    dirty: list(text),
  }),
  /** What comparisons found since the migration was changed last. */
  comparisons: view({
    since: time,
    compared: count,
    persistent: count,
    /** The share of records that differ is not larger than this, at 95% confidence (Clopper-Pearson, one-sided). */
    atMost: share,
    /** So many comparisons are enough if none of those to come finds a mismatch. */
    enough: count,
  }),
};

/** Who may still be in what a migration was before its last change, and what else there is to look at before it goes on. */
export const migrationBarrierView = named('MigrationBarrier', { ...barrierFields, ...evidenceFields });
export type MigrationBarrierView = z.output<typeof migrationBarrierView>;

const backfillSum = view({
  count,
  /** Sum of the records' hashes mod 2^64, as 16 hexadecimal digits. */
  sum: text,
  /** The highest version of a record. */
  maxVersion: text.exactOptional(),
});

/** What became of records, tombstones included. */
const backfillCounts = {
  rows: count,
  inserted: count,
  /** The new store had the record with the same version. */
  equal: count,
  /** The new store had a higher version. */
  skippedNewer: count,
  failed: count,
};

const backfillState = z.enum(['todo', 'running', 'done', 'verified', 'dirty']);

const backfillRangeView = named('BackfillRange', {
  position: count,
  /** Keys above this one, up to the other; absent: from the first, to the last. By the bytes of their UTF-8. */
  after: text.exactOptional(),
  upTo: text.exactOptional(),
  /** `done`: copied, not verified yet; `dirty`: the stores differ in records that could not be repaired. */
  state: backfillState,
  ...backfillCounts,
  /** Who has it now; absent: nobody. */
  worker: text.exactOptional(),
  leasedUntil: time.exactOptional(),
  rowsPerSecond: z.number().exactOptional(),
  /** What slows its worker down. */
  reason: text.exactOptional(),
  verification: view({
    old: backfillSum,
    new: backfillSum,
    repaired: count,
    reported: list(view({ key: text, reason: text })),
  }).exactOptional(),
});
export type BackfillRangeView = z.output<typeof backfillRangeView>;

const backfillSummary = {
  /** Whether both stores have the same in all ranges, as far as they were looked at. */
  isVerified: z.boolean(),
  /** How many ranges are in each state; none where no backfill has begun, or records were in `off` since. */
  states: view({ todo: count, running: count, done: count, verified: count, dirty: count }),
  ...backfillCounts,
  repaired: count,
  workers: list(text),
  rowsPerSecond: z.number(),
  throttleReasons: list(text),
  /** By ascending keys, so many ranges in one cell: the state that is furthest from verified of each. At most 480. */
  rangesPerCell: count,
  map: list(backfillState),
};
const backfillSummaryView = view(backfillSummary);
export type BackfillSummaryView = z.output<typeof backfillSummaryView>;

/** How far the backfill of a migration is. */
export const backfillView = named('Backfill', {
  flag: text,
  ...backfillSummary,
  /** A page of them. */
  ranges: list(backfillRangeView),
  nextCursor: z.string().exactOptional(),
});
export type BackfillView = z.output<typeof backfillView>;

const barrierView = named('Barrier', {
  ...barrierFields,
  /** The stage that the first record would go to, or that all had left. */
  into: crossing,
  /** Who is not waited for, because the change says so by name. */
  overruled: list(holdoutView),
});
export type BarrierView = z.output<typeof barrierView>;

const twoSides = { old: text.exactOptional(), new: text.exactOptional() };

/** What is not the same in both stores of a migration, by the path that differs: that of which there is most first. */
export const mismatchesView = named('Mismatches', {
  flag: text,
  /** Records that were found different and are kept: the last 1,000 at most. What was counted is in the telemetry. */
  kept: count,
  /** How many different paths there are; of many the first 200 are listed. */
  paths: count,
  items: list(
    view({
      /** With `*` for places in lists; empty: the whole record. */
      path: text,
      /** How many of the kept records differ here. */
      count,
      firstAt: time,
      lastAt: time,
      /** The newest. */
      example: view({
        /** Key of the record; where no values may be shown, the SHA-256 of it. */
        record: text,
        stage: text,
        cohort: text,
        at: time,
        versions: view(twoSides),
        /** JSON, cut and redacted by the SDK; absent: there is nothing. */
        ...twoSides,
      }),
    }),
  ),
});
export type MismatchesView = z.output<typeof mismatchesView>;

/** All that a page shows of a migration, in one answer. */
export const migrationFactsView = named('MigrationFacts', {
  barrier: migrationBarrierView,
  mismatches: mismatchesView,
  backfill: backfillView,
});
export type MigrationFactsView = z.output<typeof migrationFactsView>;

export const changeView = named('Change', {
  id: text,
  /** Key of the environment. */
  environment: text,
  /**
   * `planned` is the answer to a dry run: nothing was kept. `unchanged`: everything was so already, nothing was recorded,
   * and the version is the one that the environment has.
   */
  status: z.enum(['applied', 'planned', 'unchanged']),
  /** The environment's version that the change made. */
  version,
  instructions: list(instructionSchema),
  /** What it did, in words. */
  effects: list(effectView),
  comment: text,
  actor: text,
  createdAt: time,
  /** Shared with the changes that the same command made in other environments. */
  group: text.exactOptional(),
  /** Of a dry run: the barriers that the change would have to pass; closed ones would refuse it. */
  barriers: list(barrierView).exactOptional(),
  /**
   * Of a change that is read, where it is known: how many of the instances that were there have it, and after how long
   * the last of them had.
   */
  convergence: view({ has: count, of: count, tookMs: ms.exactOptional() }).exactOptional(),
  /** Of a change that is read: what the flags are now that it was about, at most 20; those that are gone are missing. */
  flags: list(view({ key: text, kind: z.enum(flagKinds), state: z.enum(stateWords) })).exactOptional(),
});
export type ChangeView = z.output<typeof changeView>;

export const chainView = named('Chain', {
  intact: z.boolean(),
  /** How many changes fit. */
  changes: count,
  /** The first change that does not fit, and why. */
  broken: view({ version, reason: text }).exactOptional(),
});
export type ChainView = z.output<typeof chainView>;

const credentialKind = z.enum(['sdk-key', 'client-side-id']);
export const credentialView = named('Credential', {
  id: text,
  kind: credentialKind,
  name: text,
  /** The last four characters, to tell keys apart. */
  ending: text,
  createdAt: time,
  lastUsedAt: time.nullable(),
  revokedAt: time.nullable(),
});
export type CredentialView = z.output<typeof credentialView>;

/** A key right after it was made: the only time that it is shown. */
export const newCredentialView = named('NewCredential', { id: text, kind: credentialKind, name: text, secret: text });
export type NewCredentialView = z.output<typeof newCredentialView>;

/** Who would be cut if a key were revoked, of the streams that the server holds itself. */
export const credentialStreamsView = named('CredentialStreams', {
  streams: count,
  /** Up to 20 names; SDKs that are not ours tell none. */
  instances: list(text),
});
export type CredentialStreamsView = z.output<typeof credentialStreamsView>;

export const grantView = named('Grant', {
  role: z.enum(roles),
  /** Absent: everywhere. */
  project: text.exactOptional(),
  /** Absent: in all of the project. */
  environment: text.exactOptional(),
});

export const tokenView = named('Token', {
  id: text,
  name: text,
  grants: list(grantView),
  createdAt: time,
  lastUsedAt: time.nullable(),
  /** Null: never. */
  expiresAt: time.nullable(),
});
export type TokenView = z.output<typeof tokenView>;

/** An API token right after it was made: the only time that it is shown. */
export const newTokenView = named('NewToken', { id: text, name: text, token: text });
export type NewTokenView = z.output<typeof newTokenView>;

const bigSegments = {
  bigSegmentsStatus: z.enum(['HEALTHY', 'STALE', 'STORE_ERROR', 'NOT_CONFIGURED']).exactOptional(),
};
const inExperiment = z.literal(true).exactOptional();
const reasonView = z
  .discriminatedUnion('kind', [
    view({ kind: z.literal('OFF'), ...bigSegments }),
    view({ kind: z.literal('TARGET_MATCH'), ...bigSegments }),
    view({ kind: z.literal('FALLTHROUGH'), inExperiment, ...bigSegments }),
    view({
      kind: z.literal('RULE_MATCH'),
      ruleIndex: count,
      ruleId: text.exactOptional(),
      inExperiment,
      ...bigSegments,
    }),
    view({ kind: z.literal('PREREQUISITE_FAILED'), prerequisiteKey: text, ...bigSegments }),
    view({
      kind: z.literal('ERROR'),
      errorKind: z.enum([
        'CLIENT_NOT_READY',
        'FLAG_NOT_FOUND',
        'MALFORMED_FLAG',
        'USER_NOT_SPECIFIED',
        'WRONG_TYPE',
        'EXCEPTION',
      ]),
      ...bigSegments,
    }),
  ])
  .meta({ id: 'Reason' });

/** A relay that serves environments close to their instances. */
const edgeFields = {
  id: text,
  name: text,
  environments: list(view({ project: text, environment: text })),
  /** To the server that was asked, to a worker of it, or to an edge below it. */
  isConnected: z.boolean(),
  createdAt: time,
  lastUsedAt: time.nullable(),
};
export const edgeView = named('Edge', edgeFields);
export type EdgeView = z.output<typeof edgeView>;

/** An edge right after it was made: the only time that its key is shown. */
export const newEdgeView = named('NewEdge', { ...edgeFields, key: text });
export type NewEdgeView = z.output<typeof newEdgeView>;

const lineFields = {
  /** `off`: the flag is off; `error`: it cannot be evaluated, or is not there, and the caller's default is served. */
  kind: z.enum(['off', 'prerequisite', 'target', 'rule', 'fallthrough', 'error']),
  /** Of a prerequisite that failed: its flag. */
  prerequisite: text.exactOptional(),
  /** The id of a rule, trip, override or cohort. */
  rule: text.exactOptional(),
  /** Of a list of targets: what it serves, and whom. */
  variation: text.exactOptional(),
  contextKind: text.exactOptional(),
};
/** A line of a flag that decides. */
export const lineView = named('Line', lineFields);
export type LineView = z.output<typeof lineView>;

/** An evaluation on the server, with what decided it. */
export const explanationView = named('Explanation', {
  flag: text,
  /** Null when the caller's default value is served. */
  value: z.unknown(),
  /** Index into the flag's variations, and the variation's id; absent when the caller's default value is served. */
  variation: count.exactOptional(),
  variationId: text.exactOptional(),
  reason: reasonView,
  /** Which line of the flag decided. */
  line: lineView,
  /** What decided, in words. */
  because: text,
  /** Of a valve: the trip that decided. */
  trip: tripView.exactOptional(),
  /** Of a config: all that matches, the winner first, what everybody else gets last. */
  layers: list(
    view({
      /** `account + route`; `default` for what everybody else gets. */
      layer: text,
      /** Id of the override; absent: none, it is the value of the environment. */
      override: text.exactOptional(),
      name: text.exactOptional(),
      value: z.unknown(),
    }),
  ).exactOptional(),
});
export type ExplanationView = z.output<typeof explanationView>;

export const evaluationMinuteView = named('EvaluationMinute', {
  /** Start of the minute. */
  minute: time,
  /** Index; absent: the caller's default value was served. */
  variation: count.exactOptional(),
  /** The flag's version; absent: the SDK had no such flag. */
  version: version.exactOptional(),
  count,
});
export type EvaluationMinuteView = z.output<typeof evaluationMinuteView>;

/**
 * What an instance has made of a change. `accepted`: it runs it. `partial`: it runs it but for objects that it could
 * not use. `refused`: it could not use it and stays on what it had. `pending`: it has not answered yet; `stale`: for
 * more than two seconds. `polling`: it will ask within its interval. `offline`: contact is lost, its lease has not
 * ended. `gone`: it has left, or its lease has ended.
 */
const instanceState = z.enum(['accepted', 'partial', 'refused', 'pending', 'stale', 'polling', 'offline', 'gone']);
export type InstanceState = z.output<typeof instanceState>;

/** What an instance says of itself: region, zone, service and so on. */
const aboutInstance = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).readonly();

const stragglerView = named('Straggler', {
  instance: text,
  state: instanceState,
  /** What it runs; absent: it has told of nothing. */
  version: version.exactOptional(),
  sdk: text,
  about: aboutInstance,
  /** The edge that it is connected to. */
  through: text.exactOptional(),
  heardMsAgo: ms,
  /** Why it refused. */
  reason: text.exactOptional(),
});
export type StragglerView = z.output<typeof stragglerView>;

const refusalView = view({
  reason: text,
  instances: count,
  /** Names of some of them. */
  examples: list(text),
});
export type RefusalView = z.output<typeof refusalView>;

/** How far a change has got. The counts by state are of the instances that were there when it was made. */
export const convergenceView = named('Convergence', {
  change: text,
  environment: text,
  version,
  /**
   * `converged`: what was waited for is reached. `refused`: it cannot be reached, because instances refused the change
   * and all others have it. `waiting`: neither yet.
   */
  outcome: z.enum(['converged', 'refused', 'waiting']),
  /** Instances that were there when the change was made and are not gone. */
  expected: count,
  accepted: count,
  partial: count,
  refused: count,
  pending: count,
  stale: count,
  polling: count,
  offline: count,
  gone: count,
  /** Those that came later start with the change, and are counted apart. */
  late: view({ expected: count, accepted: count }),
  /** Accepted of expected. */
  share,
  /** Since the change was made. Absent, as the two that follow: it is too old for anybody to know. */
  elapsedMs: ms.exactOptional(),
  /** After how long half, 99 of 100 and all expected instances had it; absent: not yet. */
  reachedMs: view({
    half: z.number().exactOptional(),
    most: z.number().exactOptional(),
    all: z.number().exactOptional(),
  }).exactOptional(),
  /** The share over time. */
  curve: list(view({ ms: z.number(), share })).exactOptional(),
  /** Who does not have it, at most 100. */
  stragglers: list(stragglerView),
  refusals: list(refusalView),
  /** SDKs that are not ours acknowledge nothing: how many were sent the change, and for how many events prove it. */
  foreign: view({ expected: count, delivered: count, inferred: count }),
});
export type ConvergenceView = z.output<typeof convergenceView>;

/** Why somebody should look at an instance, the worst first. */
export const instanceMatters = ['refused', 'behind', 'offline', 'repairs'] as const;
export type InstanceMatter = (typeof instanceMatters)[number];

const instanceFields = {
  instance: text,
  session: text,
  /** `current`: it runs what the environment has. `behind`: not yet. */
  state: z.enum(['current', 'behind', 'partial', 'refused', 'offline', 'gone', 'foreign']),
  version: version.exactOptional(),
  sdk: text,
  via: text,
  about: aboutInstance,
  through: text.exactOptional(),
  joinedMsAgo: ms,
  heardMsAgo: ms,
  reason: text.exactOptional(),
  /** Of the environment, under which its oldest operation of a migration began that still runs; absent: none runs. */
  oldestVersion: version.exactOptional(),
  /** Records that it has yet to make equal in both stores of a migration, and how long the first has been waiting. */
  repairs: list(
    view({
      migration: text,
      depth: count,
      oldestMs: ms,
      /** The stores may differ in further records, which only comparing all finds; absent: they do not. */
      isDirty: z.boolean().exactOptional(),
    }),
  ).exactOptional(),
  /** Values of configs in force for the process: JSON, of long values the hash. */
  configs: list(view({ key: text, value: text })).exactOptional(),
  /**
   * Why somebody should look at it: it `refused` something, is `behind` what was made more than two seconds ago, is
   * `offline`, or has `repairs` waiting. Absent: nobody needs to.
   */
  matter: z.enum(instanceMatters).exactOptional(),
  /** When what it refused or lacks was made; absent: it lacks nothing, or nobody knows. */
  since: time.exactOptional(),
};
const instanceView = named('Instance', instanceFields);
export type InstanceView = z.output<typeof instanceView>;

/** One instance, with what is told of it alone. */
export const fleetInstanceView = named('FleetInstance', {
  ...instanceFields,
  /** Of the environment. */
  newest: version,
  /** What it could not use, and so has in an earlier form. */
  refused: list(view({ kind: z.enum(['flag', 'segment']), key: text, version, reason: text })),
  /** After how long it had the last changes, the newest first; those that it does not have are not among them. */
  acknowledged: list(view({ version, afterMs: z.number() })),
});
export type FleetInstanceView = z.output<typeof fleetInstanceView>;

const matterCounts = { refused: count, behind: count, offline: count, repairs: count };

/** The instances of an environment. */
export const fleetView = named('Fleet', {
  /** Of the environment. */
  version,
  /** There now: connected, or lost for less than their lease. */
  live: count,
  connected: count,
  offline: count,
  /** Gone within the last day. */
  gone: count,
  /** How many of the live run which version; absent: they have told of nothing. */
  versions: list(view({ version: version.exactOptional(), instances: count })),
  /** SDKs that are not ours. */
  foreign: view({
    live: count,
    /** How many of them were sent the environment's version, and of how many events prove that they have it. */
    sdks: list(view({ sdk: text, instances: count, delivered: count, inferred: count })),
  }),
  /** SDKs of ours. */
  sdks: list(view({ sdk: text, instances: count })),
  /** How many somebody should look at, each counted by the worst that there is about it. */
  matters: view(matterCounts),
  /** Who came and who went in the last ten minutes. */
  recent: view({ joined: count, left: count }),
  /**
   * Those of ours that are there, by what they say of themselves; absent: they say nothing of it. At most 500: what comes
   * after is counted as if it said nothing.
   */
  groups: list(
    view({
      service: text.exactOptional(),
      zone: text.exactOptional(),
      instances: count,
      ...matterCounts,
      /** The versions of the service, at most 20, the most frequent first. */
      builds: list(view({ build: text, instances: count })),
    }),
  ),
  /** How many the filters find. */
  total: count,
  ...pageFields(instanceView),
});
export type FleetView = z.output<typeof fleetView>;

const latencyFields = {
  count,
  failed: count,
  /** Half, 95 and 99 of 100 took no longer, within 1.6%. */
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
};
export type LatencyView = z.output<ReturnType<typeof view<typeof latencyFields>>>;

/** The real number is at most `count`, and at least `count - overcountAtMost`. */
const topFields = { count, overcountAtMost: count };
const topAccountView = view({ account: text, ...topFields });
const topRouteView = view({ route: text, ...topFields });

const valveTelemetryView = named('ValveTelemetry', {
  /**
   * Why the mode was in force: `normal`, a `rule`, or what the SDK did by itself because of the `breaker`, an `error` or
   * a `timeout`. How the call ended: `ok` or `failed`.
   */
  calls: list(view({ mode: text, cause: text, outcome: text, count })),
  modes: list(view({ mode: text, ...latencyFields })),
  /** Who called most, the first 50. */
  accounts: list(topAccountView),
  /** From where it was called most, the first 50. */
  routes: list(topRouteView),
  /** By period and mode; where there is nothing there was no call. */
  series: list(view({ at: time, mode: text, ...latencyFields })),
});
export type ValveTelemetryView = z.output<typeof valveTelemetryView>;

const providersTelemetryView = named('ProvidersTelemetry', {
  /** `sent`, `failed`, or `unknown`: nobody can tell. */
  sends: list(view({ provider: text, outcome: text, count })),
  providers: list(view({ provider: text, ...latencyFields })),
  series: list(view({ at: time, provider: text, ...latencyFields })),
});
export type ProvidersTelemetryView = z.output<typeof providersTelemetryView>;

const configTelemetryView = named('ConfigTelemetry', {
  refusals: list(view({ reason: text, count })),
  series: list(view({ at: time, count })),
});
export type ConfigTelemetryView = z.output<typeof configTelemetryView>;

/** Where records were: the id of the cohort, or `default`. */
const placeFields = { cohort: text, stage: text };
const storeFields = { operation: z.enum(['read', 'write', 'remove']), side: z.enum(['old', 'new']), ...latencyFields };
const comparisonFields = {
  /** All that came to an end, mismatches included. */
  compared: count,
  /** Differences that were gone when both sides were read again; and those that were not. */
  transient: count,
  persistent: count,
  /** Comparisons in which a rule ignored something. */
  ignored: count,
  /** For which there was no time or no room. */
  dropped: count,
  /** In which the other side could not be read. */
  failed: count,
};
export type ComparisonCounts = z.output<ReturnType<typeof view<typeof comparisonFields>>>;

const migrationTelemetryView = named('MigrationTelemetry', {
  calls: list(view({ ...placeFields, ...storeFields })),
  /** The same, wherever the records were. */
  stores: list(view(storeFields)),
  comparisons: list(view({ ...placeFields, ...comparisonFields })),
  /** Of all records together. */
  compared: view(comparisonFields),
  series: list(view({ at: time, ...storeFields })),
});
export type MigrationTelemetryView = z.output<typeof migrationTelemetryView>;

/** What SDKs counted of a flag; what nothing was counted of is absent. */
export const flagTelemetryView = named('FlagTelemetry', {
  flag: text,
  /** The start of the first period, and now. */
  from: time,
  to: time,
  /** How long the periods of series are. */
  stepMs: ms,
  /** Of a valve: how many of its trips should have been restored by now. */
  overdue: count.exactOptional(),
  /** By index of the variation; absent: the caller's default value was served. They are kept for two days. */
  evaluations: list(view({ variation: count.exactOptional(), count })),
  valve: valveTelemetryView.exactOptional(),
  providers: providersTelemetryView.exactOptional(),
  config: configTelemetryView.exactOptional(),
  migration: migrationTelemetryView.exactOptional(),
});
export type FlagTelemetryView = z.output<typeof flagTelemetryView>;

const routeTelemetryView = named('RouteTelemetry', {
  /**
   * The template; `unmatched`: there was none; `other`: all routes but the 500 with the most requests, and those that
   * were told when an hour had 500 already.
   */
  route: text,
  ...latencyFields,
  methods: list(view({ method: text, ...latencyFields })),
  /** What applications said by `sluice.arm`; requests of which they said nothing are in none. */
  arms: list(view({ arm: text, ...latencyFields })),
  /** Who asked most, the first 10. */
  accounts: list(topAccountView),
});
export type RouteTelemetryView = z.output<typeof routeTelemetryView>;

/** How requests fared, by route: those with the most requests first. */
export const routesTelemetryView = named('RoutesTelemetry', {
  /** The start of the first period: of a window of more than 60 hours, of a day (UTC). */
  from: time,
  to: time,
  items: list(routeTelemetryView),
});
export type RoutesTelemetryView = z.output<typeof routesTelemetryView>;

/** `application/problem+json`, as every error is answered. */
export const problemView = named('Problem', {
  type: text.exactOptional(),
  status: z.int(),
  /** Stable: switch on this. */
  code: text,
  /** A sentence for people. */
  title: text,
  /** Names the request in the server's log. */
  requestId: text.exactOptional(),
  errors: list(view({ path: text, message: text })).exactOptional(),
});
export type ProblemView = z.output<typeof problemView>;

/** How many instances of ours there are: `behind` lack what was made more than two seconds ago. */
const fleetCountsFields = { instances: count, behind: count, refused: count, gone: count };
export const fleetCountsView = view(fleetCountsFields);
export type FleetCountsView = z.output<typeof fleetCountsView>;

/** What the live feed of an environment tells, as events of `text/event-stream` whose data is JSON. */
export const feedEventView = z
  .discriminatedUnion('event', [
    view({ event: z.literal('hello'), data: view({ version, serverTime: time }) }),
    /** A change was made, wherever; the event's id is its version, to resume after it. */
    view({
      event: z.literal('change'),
      data: view({ id: text, version, flags: list(text), segments: list(text), actor: text, at: time }),
    }),
    /** So much was changed that it is not told one by one: read anew what is shown. */
    view({ event: z.literal('reset'), data: view({ version }) }),
    /** How many instances that were there when a change was made have it; the last one says `has` equal to `of`. */
    view({
      event: z.literal('convergence'),
      data: view({
        changeId: text,
        version,
        has: count,
        of: count,
        refused: count,
        /** Names of up to 20 that do not have it, once two seconds have passed. */
        behind: list(text),
        /** Since the change was made. */
        atMs: ms,
      }),
    }),
    view({ event: z.literal('fleet'), data: fleetCountsView }),
    /** What is off normal has changed. */
    view({ event: z.literal('matters'), data: view({}) }),
    /** Nothing new, every 15 seconds: who hears none for three of them has lost the server. */
    view({ event: z.literal('heartbeat'), data: view({}) }),
  ])
  .meta({ id: 'FeedEvent' });
export type FeedEventView = z.output<typeof feedEventView>;

const touchView = view({ id: text, version, actor: text, createdAt: time, comment: text });
const objectKind = z.enum(['flag', 'segment']);

/** What setting an environment back to how it was at a time does, or did. */
export const revertSinceView = named('RevertSince', {
  /** Key of the environment. */
  environment: text,
  /** `planned` is the answer to a dry run; `unchanged`: there is nothing to do, and `because` says why. */
  status: z.enum(['applied', 'planned', 'unchanged']),
  because: text.exactOptional(),
  since: time,
  until: time.exactOptional(),
  /** The environment's; of a dry run: what to send as `expectedVersion`. */
  version,
  /** What was changed since and can be set back; the migrations among it only where they are included. */
  objects: list(
    view({
      kind: objectKind,
      key: text,
      flagKind: z.enum(flagKinds).exactOptional(),
      isSelected: z.boolean(),
      /** Why it is not selected by itself. */
      reason: text.exactOptional(),
      /** What setting it back does, in words. */
      effects: list(text),
      /** Which changes touched it since, the newest 50 first, and how many there were. */
      changes: list(touchView),
      changeCount: count,
      /** Who changed it since, besides who asks. */
      others: list(text),
      /** Changes after `until`, which would be lost. */
      later: list(touchView),
    }),
  ),
  /** What was changed since and stays as it is, whole or in part. */
  untouched: list(view({ kind: objectKind, key: text, reason: text })),
  /** Absent: there is nothing to do. */
  change: changeView.exactOptional(),
});
export type RevertSinceView = z.output<typeof revertSinceView>;

const sampledContextView = named('SampledContext', {
  /** `multi`: several at once, whose kinds are the names of the attributes. */
  kind: text,
  key: text,
  attributes: z.record(z.string(), z.unknown()).readonly(),
  /** Attributes that are private, or too large to be kept. */
  redacted: list(text),
  lastSeenAt: time,
  /** To evaluate for. */
  context: z.record(z.string(), z.unknown()).readonly(),
});
export type SampledContextView = z.output<typeof sampledContextView>;

/** A uniform sample of the contexts that SDKs evaluated for within 7 days. */
export const contextsView = named('Contexts', {
  /** Of the sample, how many match. */
  total: count,
  /** How many contexts the sample has, and about how many were seen. */
  sampled: count,
  seen: count,
  /** Since when the one was not seen that was not seen longest; absent: the sample is empty. */
  oldestAt: time.exactOptional(),
  ...pageFields(sampledContextView),
});
export type ContextsView = z.output<typeof contextsView>;

const decidedLines = list(view({ ...lineFields, count }));

const sampleFields = {
  /** How many contexts the sample has, and about how many were seen. */
  sampled: count,
  seen: count,
  oldestAt: time.exactOptional(),
};

/** How many sampled contexts each line of a flag decides for. */
export const decidedView = named('Decided', {
  flag: text,
  ...sampleFields,
  /** In the order of evaluation; what is served while the flag is off is last. */
  lines: decidedLines,
});
export type DecidedView = z.output<typeof decidedView>;

const percent = z.number().min(0).max(100);
const shareFields = {
  /** How many sampled contexts would get another answer. */
  changed: count,
  sharePercent: percent,
  /** Of all that were seen the share is within this of it, at 95% confidence (Wilson); 0: all of them are in the sample. */
  marginPercent: percent,
};
/** Ids of variations; null: the caller's default value. */
const fromTo = { from: text.nullable(), to: text.nullable() };

/** What a change would do to the sampled contexts. */
export const previewView = named('Preview', {
  /** What it would do to the flags and segments, in words. */
  effects: list(effectView),
  ...sampleFields,
  /** The flag of the change, or the first that it concerns; absent: it concerns none. What follows is about it. */
  flag: text.exactOptional(),
  ...shareFields,
  transitions: list(view({ ...fromTo, count })),
  /** At most 50 of the contexts that would get another answer. */
  examples: list(view({ kind: text, key: text, context: z.record(z.string(), z.unknown()).readonly(), ...fromTo })),
  lines: view({ before: decidedLines, after: decidedLines }),
  /** The same share for each flag that it concerns, those that require it or ask its segment included: at most 50. */
  flags: list(view({ flag: text, ...shareFields })),
});
export type PreviewView = z.output<typeof previewView>;

export const sessionView = named('Session', {
  /** Who is logged in; null: nobody is, or the request came with a token. */
  person: view({ id: text, email: text, name: text, hasTotp: z.boolean() }).nullable(),
  /** What every write has to bring in `x-csrf-token` that brings the cookie. */
  csrfToken: text.nullable(),
  /** Whether there is an administrator yet. */
  isSetUp: z.boolean(),
  /** How else people log in: `GET /api/v1/session/sign-on/{id}`. */
  singleSignOn: list(view({ id: text, name: text })),
  grants: list(grantView),
  /** What whoever asks may see, so that a page knows where it is by one answer. */
  projects: list(view({ ...projectFields, environments: list(environmentView) })),
  /**
   * Whom to ask for what one may not do oneself: how many people have a role or more in an environment, or, where there
   * is none, everywhere, and the first five. Empty for whoever may do everything, and for tokens.
   */
  holders: list(
    view({
      project: text.exactOptional(),
      environment: text.exactOptional(),
      role: z.enum(roles),
      names: list(text),
      count,
    }),
  ),
});
export type SessionView = z.output<typeof sessionView>;

/** The password is right; what is missing is a code, by `POST /api/v1/session/totp`. */
export const totpNeededView = named('TotpNeeded', { needsTotp: z.literal(true) });
export type TotpNeededView = z.output<typeof totpNeededView>;

/** Where somebody is logged in. */
export const ownSessionView = named('OwnSession', {
  id: text,
  /** The one that asked. */
  isThis: z.boolean(),
  address: text,
  /** What it said of itself. */
  browser: text,
  createdAt: time,
  expiresAt: time,
});
export type OwnSessionView = z.output<typeof ownSessionView>;

/** What an authenticator app needs to know; the only time that it is shown. */
export const newTotpView = named('NewTotp', {
  /** `otpauth://…`, for a QR code. */
  url: text,
  /** Each is good for one login in place of a code. */
  backupCodes: list(text),
});
export type NewTotpView = z.output<typeof newTotpView>;

const groupFields = {
  instances: count,
  /** Of all that are there. */
  of: count,
  /** Up to 20. */
  names: list(text),
  /** When what they lack was made; absent: nobody knows. */
  since: time.exactOptional(),
};
/** Something that is off normal. */
export const matterView = z
  .discriminatedUnion('kind', [
    view({
      kind: z.literal('valve'),
      flag: text,
      /** Id of the trip, to restore it by. */
      rule: text,
      mode: text,
      /** Whom it concerns, in words. */
      scope: text,
      since: time,
      by: text,
      why: text,
      incident: text.exactOptional(),
      until: time,
      isOverdue: z.boolean(),
      /** 0 before it is overdue. */
      overdueMs: ms,
    }),
    /** Instances could not use a flag or segment, or, where none is named, nothing of what they were sent. */
    view({
      kind: z.literal('refused'),
      flag: text.exactOptional(),
      segment: text.exactOptional(),
      reason: text,
      ...groupFields,
    }),
    /** Instances of a zone lack what was made more than two seconds ago. */
    view({ kind: z.literal('behind'), zone: text.exactOptional(), ...groupFields }),
    /** Records are on the way from one store to the other. */
    view({
      kind: z.literal('migration'),
      flag: text,
      stages: list(text),
      since: time.exactOptional(),
      by: text.exactOptional(),
    }),
  ])
  .meta({ id: 'Matter' });
export type MatterView = z.output<typeof matterView>;

/** What is off normal in an environment, what there is, and who has it. */
export const nowView = named('Now', {
  version,
  isProduction: z.boolean(),
  /** What is in no archive; flags are of every kind. */
  counts: view({
    flags: count,
    valves: count,
    trippedValves: count,
    migrations: count,
    configs: count,
    segments: count,
    instances: count,
  }),
  fleet: fleetCountsView,
  /** The worst first: overdue and refused, then behind, then tripped, then migrations; of these the oldest first. */
  matters: list(matterView),
  /** By the last probes of the server that was asked; null: nobody answered one within five minutes. */
  propagation: view({ p50Ms: z.number(), p99Ms: z.number() }).nullable(),
  /** Absent zone: of instances that told of none. `has`: those that run the environment's version. */
  zones: list(view({ zone: text.exactOptional(), instances: count, behind: count, has: count })),
  /** When a valve was restored last; absent: never. */
  lastRestoredAt: time.exactOptional(),
});
export type NowView = z.output<typeof nowView>;

/** How a flag behaves, in a few words: the texts of the parts together are a sentence such as `on, 2 rules, else true`. */
const stateView = named('FlagStateSentence', {
  /** `tripped`: a valve that is not in its normal mode for somebody. */
  word: z.enum(stateWords),
  /** `strong`: what one looks for in it; `value`: what code gets, as JSON. */
  parts: list(view({ text, as: z.enum(['strong', 'value']).exactOptional() })),
});
export type FlagStateView = z.output<typeof stateView>;

/** A flag in a list of many. */
export const flagRowView = named('FlagRow', {
  key: text,
  kind: z.enum(flagKinds),
  name: text,
  description: text,
  tags: list(text),
  owner: text,
  archived: z.boolean(),
  state: stateView,
  /** In the environment that was asked to be compared; absent: none was. */
  other: view({
    state: stateView,
    /** Whether the flag does the same there: ids and names of rules, and who tripped a valve when, do not count. */
    same: z.boolean(),
  }).exactOptional(),
  evaluations: view({
    /** The last 24 hours (UTC), the one that is not over last. */
    hourly: list(count),
    /** Over the last five whole minutes. */
    perSecond: z.number(),
    /** To the minute, beyond two days to the hour; absent: none in 90 days. */
    lastAt: time.exactOptional(),
  }),
  /** When it was last changed here, and the environment's version by which. */
  changedAt: time,
  version,
});
export type FlagRowView = z.output<typeof flagRowView>;

/** Flags that a search finds, by key. */
export const flagRowsView = named('FlagRows', {
  ...pageFields(flagRowView),
  /** On all pages. */
  total: count,
  /** Where nothing is found: a search that differs in what is written almost so. */
  suggestion: text.exactOptional(),
});
export type FlagRowsView = z.output<typeof flagRowsView>;

/** What flags can be filtered by, the most frequent first; archived ones are counted by state only. */
export const flagFacetsView = named('FlagFacets', {
  total: count,
  kinds: list(view({ kind: z.enum(flagKinds), count })),
  states: list(view({ state: z.enum(stateWords), count })),
  /** At most 200 of each; how many there are. */
  tags: list(view({ tag: text, count })),
  differentTags: count,
  /** Empty: nobody. */
  owners: list(view({ owner: text, count })),
  differentOwners: count,
});
export type FlagFacetsView = z.output<typeof flagFacetsView>;

/** Evaluations of a flag over time, for a chart. */
export const evaluationSeriesView = named('EvaluationSeries', {
  flag: text,
  /** Start of the first step, and now. */
  from: time,
  to: time,
  /** How long each step is; there are at most 200. */
  stepMs: ms,
  /** By index of the variation. */
  series: list(
    view({
      /** Absent: the caller's default value was served. */
      variation: count.exactOptional(),
      /** Of the variation that has this index now; absent: none has. */
      id: text.exactOptional(),
      name: text.exactOptional(),
      total: count,
      /** Of each step. */
      counts: list(count),
    }),
  ),
  /** What changed the flag in this time, the newest 100, the oldest of them first. */
  changes: list(view({ id: text, version, at: time, actor: text, comment: text })),
});
export type EvaluationSeriesView = z.output<typeof evaluationSeriesView>;

/** A segment in a list of many. */
export const segmentRowView = named('SegmentRow', {
  key: text,
  name: text,
  description: text,
  tags: list(text),
  /** How many contexts are in it by name, and how many are kept out. */
  included: count,
  excluded: count,
  rules: count,
  /** Who asks it directly. */
  uses: view({
    flags: count,
    segments: count,
    /** Keys of the first five flags. */
    examples: list(text),
  }),
  changedAt: time,
  version,
});
export type SegmentRowView = z.output<typeof segmentRowView>;

/** Segments that a search finds, by key. */
export const segmentRowsView = named('SegmentRows', {
  ...pageFields(segmentRowView),
  /** On all pages. */
  total: count,
});
export type SegmentRowsView = z.output<typeof segmentRowsView>;

/** A flag or segment that asks a segment. */
export const segmentUseView = named('SegmentUse', {
  kind: z.enum(['flag', 'segment']),
  key: text,
  name: text,
  /** Of a flag. */
  state: stateView.exactOptional(),
});
export type SegmentUseView = z.output<typeof segmentUseView>;

/** A flag in all environments of its project, side by side. */
export const flagEnvironmentsView = named('FlagEnvironments', {
  key: text,
  kind: z.enum(flagKinds),
  items: list(
    view({
      environment: text,
      /** Of the environment. */
      name: text,
      state: stateView,
      changedAt: time,
      /** The environment's version that last changed the flag. */
      version,
      flag: environmentFlagView,
    }),
  ),
  /** For every two environments, in both directions. */
  differences: list(
    view({
      from: text,
      to: text,
      /** Whether the flag does the same in both; then there are no lines. */
      same: z.boolean(),
      /** What would become different in `to` if the flag did there what it does in `from`; the first 100. */
      lines: list(text),
      /** How many there are besides. */
      more: count,
    }),
  ),
});
export type FlagEnvironmentsView = z.output<typeof flagEnvironmentsView>;

export const personView = named('Person', {
  id: text,
  email: text,
  name: text,
  hasTotp: z.boolean(),
  grants: list(grantView),
  createdAt: time,
  /** Until when they may choose another password by a link that was made for them; null: there is none. */
  recoveryExpiresAt: time.nullable(),
});
export type PersonView = z.output<typeof personView>;

export const invitationView = named('Invitation', {
  id: text,
  /** Null: whoever has the link. */
  email: text.nullable(),
  grants: list(grantView),
  createdAt: time,
  expiresAt: time,
});
export type InvitationView = z.output<typeof invitationView>;

/** The only time that the link is shown. */
export const newInvitationView = named('NewInvitation', { link: text, expiresAt: time });
export type NewInvitationView = z.output<typeof newInvitationView>;

/** The only time that the link is shown. */
export const newRecoveryView = named('NewRecovery', { link: text, expiresAt: time });
export type NewRecoveryView = z.output<typeof newRecoveryView>;

const callCounts = list(count);

/** A valve as those look at it who have to degrade it, or to bring it back. */
export const valveRowView = named('ValveRow', {
  key: text,
  name: text,
  description: text,
  tags: list(text),
  owner: text,
  /** The mildest first, which is the normal one. */
  modes: list(
    view({
      mode: text,
      description: text.exactOptional(),
      /** When an SDK evaluated the valve to it last, to the minute, beyond two days to the hour; absent: not in 90 days. */
      lastServedAt: time.exactOptional(),
    }),
  ),
  /** In the order in which they win. */
  trips: list(
    view({
      /** Id of the trip, to restore it by. */
      rule: text,
      mode: text,
      /** Whom it concerns, in words, and as clauses. */
      scope: text,
      when: list(clauseView),
      share: view({ contextKind: text, weight: count }).exactOptional(),
      exempt: z.boolean().exactOptional(),
      since: time,
      by: text,
      why: text,
      incident: text.exactOptional(),
      until: time,
      isOverdue: z.boolean(),
    }),
  ),
  /** Of the last three hours; what each step counted, the step that is not over last. */
  calls: view({
    from: time,
    stepMs: ms,
    /** Answered by the normal mode; by another because of a trip; by one that the breaker chose. */
    normal: callCounts,
    trip: callCounts,
    breaker: callCounts,
    /** Failed or took too long, whoever answered in the end. */
    error: callCounts,
  }),
  /** The last five minutes. */
  lately: view({
    perSecond: z.number(),
    /** Which modes answered how many of the calls, most first. */
    modes: list(view({ mode: text, share })),
    /** Who called most, the first five; of valves that are not tripped none are told. The real share is at most this. */
    accounts: list(view({ account: text, share })),
  }),
  /** The environment's version that last altered what SDKs get of it. */
  version,
});
export type ValveRowView = z.output<typeof valveRowView>;

/** Which instances a trip of a valve would reach, and what their code cannot do. */
export const valveReachView = named('ValveReach', {
  /** Of ours, those that are there and have the valve in their code; and of these, whom the scope concerns. */
  instances: count,
  concerned: count,
  /** Of ours, those that are there and have told of no such valve in their code. */
  others: count,
  /** Builds of those concerned by their attribute `version`, the first 20, that of most of them first. */
  builds: list(view({ build: text, instances: count })),
  /** Modes that are not in the code of some of those concerned, in the order of severity. */
  lacks: list(
    view({
      mode: text,
      /** The mode that they do where it is served; absent: their calls fail. */
      instead: text.exactOptional(),
      instances: count,
      /** Up to 20. */
      names: list(text),
      /** The builds of these, up to 20, as far as they are told. */
      builds: list(text),
    }),
  ),
});
export type ValveReachView = z.output<typeof valveReachView>;

/** The valves of an environment: those that are off normal apart, overdue first, then the oldest. */
export const valvesView = named('Valves', {
  /** Of all valves that the search finds. */
  counts: view({ tripped: count, normal: count }),
  /** On the first page only, at most 100. */
  tripped: list(valveRowView),
  /** In their normal mode, by their first tag and by key. */
  ...pageFields(valveRowView),
});
export type ValvesView = z.output<typeof valvesView>;

/** A migration in a list of all. */
export const migrationRowView = named('MigrationRow', {
  key: text,
  name: text,
  description: text,
  owner: text,
  archived: z.boolean(),
  /** Where the records are that are in no cohort; and those of each cohort. */
  fallthrough: serving({}),
  rules: list(serving(ruleFields)),
  version,
  /** Absent where nothing is on the way: in the archive, or with all records in `off` or all in `complete`. */
  barrier: view({
    ready: count,
    waitsFor: count,
    checks: list(checkView),
    ...evidenceFields,
  }).exactOptional(),
});
export type MigrationRowView = z.output<typeof migrationRowView>;

/** What instances have of a config, and who has something else than its layers say. */
export const configInForceView = named('ConfigInForce', {
  flag: text,
  /** The environment's, that last altered what SDKs get of the config. */
  version,
  /** Of ours, those that are there. */
  instances: count,
  /** What processes have outside of any request, that of most of them first. */
  values: list(
    view({
      /** As instances tell it: JSON, of long values the hash; absent: these told of none. */
      value: text.exactOptional(),
      instances: count,
    }),
  ),
  /** By which override, or by none where it is absent, processes that hold the config get their value. */
  layers: list(view({ override: text.exactOptional(), instances: count })),
  /**
   * The worst first. `refused`: its code cannot work with what it was sent. `other`: it runs this version and has
   * another value, from a file for instance. `behind`: it does not run this version yet. `offline`: contact is lost.
   */
  exceptions: list(
    view({
      kind: z.enum(['refused', 'other', 'behind', 'offline']),
      reason: text.exactOptional(),
      /** What they keep. */
      value: text.exactOptional(),
      instances: count,
      /** Up to 20. */
      names: list(text),
    }),
  ),
});
export type ConfigInForceView = z.output<typeof configInForceView>;

import type { FlagKind, StateWord } from '@sluice/authoring';
import type { SubjectKind } from '@sluice/protocol';
import type { Kysely, Transaction } from 'kysely';

/**
 * The tables. Text columns named `…Json` hold JSON; times are milliseconds since the epoch; booleans do not occur.
 * Everything here runs on SQLite and PostgreSQL alike.
 */
export interface Tables {
  meta: MetaRow;
  projects: ProjectRow;
  environments: EnvironmentRow;
  definitions: DefinitionRow;
  objects: ObjectRow;
  objectReferences: ReferenceRow;
  listings: ListingRow;
  changes: ChangeRow;
  changeObjects: ChangeObjectRow;
  credentials: CredentialRow;
  apiTokens: ApiTokenRow;
  idempotencyKeys: IdempotencyRow;
  evaluationMinutes: EvaluationMinuteRow;
  evaluationHours: EvaluationHourRow;
  eventPayloads: EventPayloadRow;
  leadership: LeadershipRow;
  edges: EdgeRow;
  fleetSnapshots: FleetSnapshotRow;
  convergences: ConvergenceRow;
  telemetry: TelemetryRow;
  telemetrySenders: TelemetrySenderRow;
  mismatches: MismatchRow;
  backfillRanges: BackfillRangeRow;
  seenContexts: SeenContextRow;
  people: PersonRow;
  sessions: SessionRow;
  accounts: AccountRow;
  twoFactors: TwoFactorRow;
  verifications: VerificationRow;
  invitations: InvitationRow;
  recoveries: RecoveryRow;
}

export type Database = Kysely<Tables>;
/** Where a command writes: everything or nothing. */
export type Writes = Transaction<Tables>;
/** Where a query reads: inside a command or outside. */
export type Reads = Database | Writes;

/** Facts about the database itself. */
export interface MetaRow {
  name: string;
  value: string;
}

export interface ProjectRow {
  key: string;
  name: string;
  createdAt: number;
}

export interface EnvironmentRow {
  id: string;
  projectKey: string;
  key: string;
  name: string;
  /** Changes when the database was restored, so that selectors from before are recognised. */
  epoch: string;
  /** Of the last change. */
  version: number;
  /** Hash of the last change: each change's hash covers the one before. */
  chainHead: string;
  /** Bytes of all compiled objects. */
  payloadBytes: number;
  /** 1: real users depend on it, and it is shown so that nobody takes it for another. */
  isProduction: 0 | 1;
  /** Up to which version its listings tell what its objects are: releases that have none leave them behind. */
  listedVersion: number;
  createdAt: number;
}

/** What a flag is, for all environments of its project. */
export interface DefinitionRow {
  projectKey: string;
  key: string;
  /** As the definition says. */
  kind: FlagKind;
  definitionJson: string;
  createdAt: number;
}

/** A flag or segment in one environment; a tombstone has neither state nor compiled form. */
export interface ObjectRow {
  environmentId: string;
  kind: 'flag' | 'segment';
  key: string;
  /** The configuration of a flag, or a segment. */
  stateJson: string | null;
  /** What SDKs get. */
  compiledJson: string | null;
  /** Of the change that last altered the compiled form. */
  version: number;
  /** Of the change that last touched the object at all. */
  touchedVersion: number;
}

/** Who refers to whom, for the question who would be hurt. */
export interface ReferenceRow {
  environmentId: string;
  fromKind: 'flag' | 'segment';
  fromKey: string;
  toKind: 'flag' | 'segment';
  toKey: string;
}

/**
 * What lists show of an object and search by, so that they need not read what it is. It follows from the object and is
 * written with it; what is gone has none, nor has a segment that was made for a flag.
 */
export interface ListingRow {
  environmentId: string;
  kind: 'flag' | 'segment';
  key: string;
  /** The kind of a flag. */
  flagKind: FlagKind | null;
  /** Of a flag. */
  state: StateWord | null;
  /** Empty: nobody. */
  owner: string;
  /** Each as JSON on a line of its own, with line breaks around. */
  tags: string;
  /** In lower case, all that words are looked for in. */
  words: string;
  /** SHA-256 of what a flag does: the same in two environments where it does the same. */
  behaviourHash: string | null;
  /** A `FlagListing` or `SegmentListing`. */
  shownJson: string;
  /** The change that last touched it, and when that was. */
  version: number;
  changedAt: number;
}

export interface ChangeRow {
  id: string;
  environmentId: string;
  version: number;
  /** Shared by the changes that one command made in several environments. */
  groupId: string | null;
  instructionsJson: string;
  effectsJson: string;
  comment: string;
  actor: string;
  createdAt: number;
  previousHash: string;
  hash: string;
}

/** What a change touched, before and after. */
export interface ChangeObjectRow {
  changeId: string;
  environmentId: string;
  kind: 'flag' | 'segment';
  key: string;
  version: number;
  beforeJson: string | null;
  afterJson: string | null;
}

export interface CredentialRow {
  id: string;
  environmentId: string;
  kind: 'sdk-key' | 'client-side-id';
  name: string;
  /** SHA-256 of the secret: what it is looked up by. */
  hash: string;
  /** The secret itself, encrypted with the server's. */
  sealed: string;
  createdAt: number;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

/** A relay that may serve environments, by a key of its own. */
export interface EdgeRow {
  id: string;
  name: string;
  /** SHA-256 of its key. */
  hash: string;
  environmentIdsJson: string;
  createdAt: number;
  lastUsedAt: number | null;
  revokedAt: number | null;
}

/** What one of several servers knows of its instances in an environment. Times are of the database's clock. */
export interface FleetSnapshotRow {
  replicaId: string;
  environmentId: string;
  rosterJson: string;
  rosterAt: number;
  progressJson: string;
  progressAt: number;
  /** When the server was last there. */
  aliveAt: number;
}

/** How far a change had got, when that was looked at last. */
export interface ConvergenceRow {
  environmentId: string;
  version: number;
  summaryJson: string;
}

export interface ApiTokenRow {
  id: string;
  name: string;
  hash: string;
  createdAt: number;
  lastUsedAt: number | null;
  grantsJson: string;
  /** Null: never. */
  expiresAt: number | null;
}

export interface IdempotencyRow {
  /** Of the token or the person. */
  tokenId: string;
  key: string;
  requestHash: string;
  status: number;
  /** The answer, encrypted: it may hold a new key. */
  sealedBody: string;
  createdAt: number;
}

/** Evaluations that SDKs reported, per minute. */
export interface EvaluationMinuteRow {
  environmentId: string;
  flagKey: string;
  /** Index of the variation; -1: the caller's default value was served. */
  variation: number;
  /** The flag's version; 0: the SDK did not have the flag. */
  flagVersion: number;
  /** Start of the minute. */
  minute: number;
  count: number;
}

/** The same per hour, of flags that there are. */
export interface EvaluationHourRow {
  environmentId: string;
  flagKey: string;
  variation: number;
  /** Start of the hour. */
  hour: number;
  count: number;
}

/** Event payloads already counted, so that a retry counts once. */
export interface EventPayloadRow {
  environmentId: string;
  /** SHA-256 of the id: ids may have any length. */
  payloadId: string;
  seenAt: number;
}

/** What SDKs counted of a subject in a period; there may be several for the same one, which add up. */
export interface TelemetryRow {
  environmentId: string;
  kind: SubjectKind;
  /** Of a flag; or the template of a route. */
  key: string;
  /** How long the period is. */
  periodMs: number;
  /** Of the period. */
  start: number;
  /** Tells rows of the same period apart. */
  part: string;
  /** 1: this is also part of a row of a longer period. */
  rolledUp: 0 | 1;
  tallyJson: string;
}

/** How far the windows of a process are counted, so that one that is sent again counts once. */
export interface TelemetrySenderRow {
  environmentId: string;
  /** SHA-256 of the session: whoever sends makes it up. */
  session: string;
  /** Of the last window that is counted. */
  sequence: number;
  seenAt: number;
}

/** A record that stayed different in both stores of a migration; of each migration the last 1,000 are kept. */
export interface MismatchRow {
  environmentId: string;
  flagKey: string;
  /** When the window ended in which it was found. */
  at: number;
  id: string;
  mismatchJson: string;
}

/** A range of a migration's records, which one worker at a time copies and then verifies. */
export interface BackfillRangeRow {
  environmentId: string;
  flagKey: string;
  /** Its place among the ranges, from 0; they are by ascending keys. */
  position: number;
  /** Keys above this one; null: from the first. */
  after: string | null;
  /** Up to this one, included; null: to the last. */
  upTo: string | null;
  state: BackfillState;
  /** The last key that is copied; null: none is. */
  cursor: string | null;
  tallyJson: string;
  /** What the last look at both sides found; null: nobody looked. */
  verificationJson: string | null;
  /** Who has it, or had it last. */
  worker: string | null;
  /** Raised by every claim: who comes with an older one had it once. */
  fence: number;
  /** Null: nobody has it. */
  leasedUntil: number | null;
  /** How fast its worker is, and what slows it down. */
  paceJson: string | null;
  /** Of the environment, when the ranges were made. */
  proposedVersion: number;
}

/** `done`: copied, and not verified yet; `dirty`: the sides differ in records that could not be repaired. */
export type BackfillState = 'todo' | 'running' | 'done' | 'verified' | 'dirty';

/** A context that SDKs told of, of the sample of its environment. */
export interface SeenContextRow {
  environmentId: string;
  /** Of its keys: those with the lowest are the sample. */
  hash: string;
  key: string;
  /** Between spaces. */
  kinds: string;
  /** What it is found by: keys and text of attributes, in lower case, cut. */
  searchText: string;
  contextJson: string;
  lastSeenAt: number;
}

/** One row, for the one server that leads. */
export interface LeadershipRow {
  /** Raised whenever a server takes the lead: who comes with an older one was the leader once. */
  token: number;
}

/** Somebody who logs in. Times are texts in ISO 8601 and booleans 0 or 1, here and in what follows: better-auth's way. */
export interface PersonRow {
  id: string;
  email: string;
  emailVerified: 0 | 1;
  name: string;
  image: string | null;
  twoFactorEnabled: 0 | 1 | null;
  grantsJson: string;
  createdAt: string;
  updatedAt: string;
}

/** Where somebody is logged in. */
export interface SessionRow {
  id: string;
  personId: string;
  /** What the cookie holds, signed. */
  token: string;
  ipAddress: string | null;
  userAgent: string | null;
  expiresAt: string;
  createdAt: string;
  updatedAt: string;
}

/** A way to log in: by password (`credential`), or by single sign-on. */
export interface AccountRow {
  id: string;
  personId: string;
  providerId: string;
  accountId: string;
  /** As a hash. */
  password: string | null;
  accessToken: string | null;
  refreshToken: string | null;
  idToken: string | null;
  accessTokenExpiresAt: string | null;
  refreshTokenExpiresAt: string | null;
  scope: string | null;
  createdAt: string;
  updatedAt: string;
}

/** Of an authenticator app; secret and backup codes are encrypted. */
export interface TwoFactorRow {
  id: string;
  personId: string;
  secret: string;
  backupCodes: string;
  verified: 0 | 1 | null;
  failedVerificationCount: number | null;
  lockedUntil: string | null;
}

/** What a login that is under way has to come back with. */
export interface VerificationRow {
  id: string;
  identifier: string;
  value: string;
  expiresAt: string;
  createdAt: string;
  updatedAt: string;
}

/** A link by which somebody may come in, once. */
export interface InvitationRow {
  id: string;
  /** SHA-256 of what the link holds. */
  hash: string;
  /** Null: whoever has the link says their own. */
  email: string | null;
  grantsJson: string;
  createdAt: number;
  /** Null: the setup link, which is valid while there is nobody. */
  expiresAt: number | null;
}

/** A link by which somebody who is here may choose another password, once. */
export interface RecoveryRow {
  personId: string;
  /** SHA-256 of what the link holds. */
  hash: string;
  expiresAt: number;
}

import { join, resolve } from 'node:path';
import { attributesOf, type Context, fromLegacyUser, listKinds, type Stage } from '@sluice/engine';
import type { RepairBacklog } from '@sluice/protocol';
import type {
  Client,
  GivenContext,
  Log,
  Platform,
  PostOptions,
  Reporter,
  SurroundingsSource,
} from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import type { Limits } from '../valves/limits.ts';
import { createBackfillServer } from './backfill/backfill-server.ts';
import { Lease } from './lease.ts';
import { Migration, type MigrationHost } from './migration.ts';
import { checkMigration, type MigrationOptions, type MigrationSettings } from './migration-options.ts';
import type { ObserveMigration } from './observed.ts';
import { RepairJournal } from './repair-journal.ts';
import { RunningVersions } from './running-versions.ts';
import { TrackedStage, type TrackedStageHost } from './tracked-stage.ts';
import { VersionClock } from './version-clock.ts';

export interface MigrationsOptions {
  readonly client: Client;
  readonly surroundings: SurroundingsSource;
  readonly reporter: Reporter | undefined;
  readonly limits: Limits;
  /** Where journals are that nobody gave a place; false: in memory; undefined: everybody has to say. */
  readonly journalFolder: string | false | undefined;
  readonly log: Log;
  readonly observe: ObserveMigration | undefined;
  /** Who knows how far backfills are, and what this instance is called there; undefined: nobody. */
  readonly server: (PostOptions & { readonly instance: string }) | undefined;
}

/** The migrations of a client. */
export class Migrations {
  readonly #options: MigrationsOptions;
  readonly #platform: Platform;
  readonly #migrations = new Map<string, Pick<Migration<unknown>, 'status' | 'knowsRepairs' | 'close'>>();
  readonly #tracking: TrackedStageHost;
  /** Made with the first migration: most programs have none. */
  #shared: (Pick<MigrationHost, 'versions' | 'running'> & { readonly lease: Lease }) | undefined;

  constructor(options: MigrationsOptions, platform: Platform) {
    const { client } = options;
    this.#options = options;
    this.#platform = platform;
    this.#tracking = {
      findFlag: (key) => client.findFlag(key),
      random: platform.random,
      report: client.reportsMigrations ? (record, context) => client.recordMigration(record, context) : undefined,
    };
  }

  track(key: string, context: GivenContext, defaultStage: Stage): TrackedStage {
    const detail = this.#options.client.detail(key, context, defaultStage);
    return new TrackedStage({ key, context, detail, defaultStage }, this.#tracking);
  }

  create<T, Id>(key: string, options: MigrationOptions<T, Id>): Migration<T, Id> {
    checkMigration(key, options);
    if (this.#migrations.has(key)) throw wrong(key, 'there is one already: create it once, and share it');
    const { client, surroundings, reporter, limits, log, observe, server } = this.#options;
    this.#shared ??= this.#share();
    const host: MigrationHost = {
      ...this.#tracking,
      detail: (...asked) => client.detail(...asked),
      addRecord: (context, record) => addRecord(context ?? surroundings.find().context, record),
      findSelector: () => client.status.selector,
      ...this.#shared,
      journal: this.#openJournal(key, options),
      repairsNews: () => reporter?.repairsNews(),
      limits,
      platform: this.#platform,
      log,
      observe,
      backfill: { server: server && createBackfillServer(key, server, this.#platform), name: server?.instance ?? '' },
    };
    // Unless they say how, records are found by their key.
    const nameOf = options.key ?? ((id: Id) => String(id));
    const migration = new Migration<T, Id>(key, options, nameOf, host);
    this.#migrations.set(key, migration);
    return migration;
  }

  async close(): Promise<void> {
    this.#shared?.lease.close();
    await Promise.all([...this.#migrations.values()].map((migration) => migration.close()));
  }

  #share() {
    const { client, reporter, log } = this.#options;
    const { clock, hash, createUuid } = this.#platform;
    const running = new RunningVersions(() => reporter?.operationEnded());
    reporter?.watch(running);
    reporter?.watchRepairs(() => this.#listRepairs());
    return {
      running,
      versions: new VersionClock({ id: createUuid(), clock, hash, log }),
      lease: new Lease({ client, reporter, clock }),
    };
  }

  /** Undefined: there may be some in a journal that has not been read. */
  #listRepairs(): readonly RepairBacklog[] | undefined {
    const known = [...this.#migrations].flatMap(([migration, each]) => {
      const { repairs, isDirty } = each.status();
      if (repairs.depth === 0 && !isDirty) return [];
      return [{ migration, depth: repairs.depth, oldestMs: Math.round(repairs.oldestMs), ...(isDirty && { isDirty }) }];
    });
    const isAll = [...this.#migrations.values()].every(({ knowsRepairs }) => knowsRepairs);
    return known.length > 0 || isAll ? known : undefined;
  }

  #openJournal<T>(key: string, options: MigrationSettings<T>): RepairJournal {
    const { journalFolder, log } = this.#options;
    const place = options.journal ?? (journalFolder ? join(journalFolder, key) : journalFolder);
    if (place === undefined)
      throw wrong(key, 'journal must be a folder, or false for memory: the client has no cache folder to put it in');
    return new RepairJournal({ folder: place === false ? undefined : resolve(place), log }, this.#platform);
  }
}

/** Whatever the context says of others, the record is this one. What is no context stays as it is, and is told so. */
function addRecord(given: GivenContext, key: string): GivenContext {
  const record = { key };
  if (given === undefined) return { kind: 'record', ...record };
  const context: Context | undefined = given?.kind === undefined ? fromLegacyUser(given) : given;
  if (context === undefined) return given;
  const kinds = listKinds(context).map((kind) => [kind, attributesOf(context, kind)] as const);
  return { kind: 'multi', ...Object.fromEntries(kinds), record };
}

function wrong(key: string, problem: string): SluiceError {
  return new SluiceError('invalid-options', `migration ${key}: ${problem}`);
}

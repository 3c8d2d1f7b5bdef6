import type { ChangeInput, EnvironmentFlagView } from '@sluice/api-client';
import {
  type Advance,
  advanceStages,
  isProblem,
  isStage,
  listReturns,
  migrationChecks,
  type Stage,
  type StageMove,
  stages,
} from '@sluice/authoring';
import { formatBackfill, rangesShown } from './backfill-words.ts';
import { changeOptions, finish, idOf, printChange, readWaiting } from './change.ts';
import { type Command, defineCommand } from './command.ts';
import { confirmOptions, makeConfirmed } from './confirm.ts';
import { type Connection, connect, connectionOptions, describePlace } from './connection.ts';
import { createFlag, creationOptions } from './create-flag.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { listFlags } from './list-flags.ts';
import { describeNoMismatch, formatMigration, formatMigrations, formatMismatches } from './migration-words.ts';
import { parsePercent } from './percent.ts';

/** The reason is the comment. */
const { comment: _, ...returnChangeOptions } = changeOptions;

type Served = EnvironmentFlagView['fallthrough'];

export const migrationCommands: readonly Command[] = [
  defineCommand({
    name: 'migration create',
    summary: 'create a migration, whose records are all in the old store',
    arguments: ['MIGRATION'],
    options: creationOptions,
    examples: ['sluice migration create orders-to-postgres --owner shop'],
    run: ({ words: [key = ''], ...call }) =>
      createFlag(key, call, { kind: 'migration' }, (migration) => [
        `Created ${migration.key}: off in every environment. Its stages: ${stages.join(' → ')}.`,
        `Go on with: sluice migration advance ${migration.key}${describePlace(call.options)}`,
      ]),
  }),

  defineCommand({
    name: 'migration list',
    summary: 'list the migrations of an environment, and where their records are',
    arguments: [],
    options: connectionOptions,
    examples: ['sluice migration list', 'sluice migration list -e staging'],
    run: async ({ options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const migrations = await listFlags({ api, place }, 'migration');
      // An array of EnvironmentFlagView, as the management API has them.
      if (options.json === true) output.printJson(migrations);
      else if (migrations.length === 0)
        output.print(
          `There are no migrations in project ${place.project} yet. Create one with: sluice migration create MIGRATION`,
        );
      else output.print(formatMigrations(migrations, output.width));
      return undefined;
    },
  }),

  defineCommand({
    name: 'migration show',
    summary: 'show where the records of a migration are, how both stores do, and what stands before the next stages',
    arguments: ['MIGRATION'],
    options: connectionOptions,
    examples: ['sluice migration show orders'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const migration = await getMigration({ api, place }, key);
      const barrier = await api.getBarrier(place, key);
      const counted = (await api.getTelemetry(place, key, '1h')).migration;
      if (options.json === true) output.printJson({ ...migration, barrier, telemetry: counted });
      else {
        const { environment } = place;
        output.print(formatMigration(migration, { barrier, counted }, options, { environment, width: output.width }));
      }
      return undefined;
    },
  }),

  defineCommand({
    name: 'migration mismatches',
    summary: 'show what is not the same in both stores, by the path that differs',
    arguments: ['MIGRATION'],
    options: connectionOptions,
    examples: ['sluice migration mismatches orders'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const mismatches = await api.getMismatches(place, key);
      // A MismatchesView, as the management API has it.
      if (options.json === true) output.printJson(mismatches);
      else if (mismatches.kept === 0) {
        const { compared } = (await api.getBarrier(place, key)).comparisons;
        output.print(describeNoMismatch(key, { environment: place.environment, compared }));
      } else output.print(formatMismatches(mismatches, { now: platform.now(), width: output.width }));
      return undefined;
    },
  }),

  defineCommand({
    name: 'migration backfill',
    summary: 'show how far the records from before are copied to the new store, and compared',
    arguments: ['MIGRATION'],
    options: connectionOptions,
    examples: ['sluice migration backfill orders', 'sluice migration backfill orders --json'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      await getMigration({ api, place }, key);
      // A BackfillView, as the management API has it, of as many ranges as there are in a page.
      if (options.json === true) output.printJson(await api.getBackfill(place, key, { limit: 500 }));
      else {
        const backfill = await api.getBackfill(place, key, { limit: rangesShown, noted: true });
        output.print(formatBackfill(backfill, place.environment, output.width));
      }
      return undefined;
    },
  }),

  defineCommand({
    name: 'migration advance',
    summary: 'move records on to the next stage, all or a share of them',
    arguments: ['MIGRATION'],
    options: {
      to: { type: 'string', value: 'STAGE', help: `${stages.join(', ')}; the next one unless given` },
      percent: { type: 'string', value: 'PERCENT', help: 'only a share of the records, the rest stays: 5%' },
      cohort: { type: 'string', value: 'ID', help: 'only this cohort; sluice migration show has the ids' },
      confirm: { type: 'string', value: 'KEY', help: 'the key of the migration again: needed for complete' },
      overrule: {
        type: 'string',
        value: 'REASON',
        help: 'why not to wait for the instances and checks that are named',
      },
      instance: {
        type: 'string',
        multiple: true,
        value: 'NAME',
        help: 'with --overrule; or the name and version of an SDK',
      },
      check: {
        type: 'string',
        multiple: true,
        value: 'NAME',
        help: `with --overrule: ${migrationChecks.join(', ')}`,
      },
      ...confirmOptions,
      ...changeOptions,
    },
    examples: [
      'sluice migration advance orders',
      'sluice migration advance orders --to live --percent 5 --wait',
      'sluice migration advance orders --to complete --confirm orders',
      'sluice migration advance orders --to live --overrule "hangs, out of the balancer" --instance web-3',
      'sluice migration advance orders --to live --overrule "test data" --check comparisons',
    ],
    run: async ({ words: [key = ''], ...call }) => {
      const { to, percent, cohort, confirm } = call.options;
      const overrule = readOverrule(call.options);
      const connection = connect(call.options, call.platform);
      const served = findServed(await getMigration(connection, key), cohort);
      const moved = advanceTo(served, parseStage(to), percent);
      const instruction: StageMove = {
        kind: 'set-stage',
        flag: key,
        ...moved.serve,
        ...(cohort !== undefined && { cohort }),
        ...(confirm !== undefined && { confirm }),
        ...(overrule !== undefined && { overrule }),
      };
      const what = { key, verb: `Advance ${key} to ${moved.to}`, done: `Advanced ${key}` };
      return changeMigration(connection, { ...what, instructions: [instruction], comment: call.options.comment }, call);
    },
  }),

  defineCommand({
    name: 'migration return',
    summary: 'take records back to where the old store is true, at once',
    arguments: ['MIGRATION'],
    options: {
      to: { type: 'string', value: 'STAGE', help: 'shadow unless given; dualwrite where the new store is sick' },
      reason: { type: 'string', short: 'm', value: 'TEXT', help: 'why; needed, and kept in the history' },
      ...confirmOptions,
      ...returnChangeOptions,
    },
    examples: [
      'sluice migration return orders --reason "wrong totals" --now',
      'sluice migration return orders --to dualwrite --reason "new store down" --now --wait',
    ],
    run: async ({ words: [key = ''], ...call }) => {
      const { to = 'shadow', reason = '' } = call.options;
      if (to !== 'shadow' && to !== 'dualwrite') {
        throw usageError(`--to must be shadow or dualwrite, where both stores are written, got "${to}"`);
      }
      if (reason.trim() === '') {
        throw usageError(`--reason is missing; for example: sluice migration return ${key} --reason "wrong totals"`);
      }
      const connection = connect(call.options, call.platform);
      const instructions = listReturns(await getMigration(connection, key), to).map((move) => ({ ...move, flag: key }));
      if (instructions.length === 0) {
        throw new CommandError(
          exitCodes.refused,
          `no record of ${key} is past ${to} in ${connection.place.environment}`,
        );
      }
      const what = { key, verb: `Return ${key} to ${to}`, done: `Returned ${key} to ${to}` };
      return changeMigration(connection, { ...what, instructions, comment: reason }, call);
    },
  }),
];

interface MigrationChange {
  readonly key: string;
  /** As a question begins, and as it is told afterwards. */
  readonly verb: string;
  readonly done: string;
  readonly instructions: ChangeInput['instructions'];
  readonly comment: string | undefined;
}

/** Resolves with the exit code. */
async function changeMigration(
  connection: Connection,
  { key, verb, done, instructions, comment }: MigrationChange,
  call: Parameters<typeof makeConfirmed>[3],
): Promise<number | undefined> {
  const { options, output } = call;
  const waiting = readWaiting(options);
  const question = `${verb} in ${connection.place.environment}?`;
  const made = await makeConfirmed(connection, { instructions, comment }, question, call);
  if (made === undefined) {
    output.print('Nothing is changed.');
    return exitCodes.refused;
  }
  if (options.json !== true) printChange(made, done, output);
  return finish(connection, { key, change: idOf(made), body: made, waiting }, options, output);
}

async function getMigration(
  { api, place }: Pick<Connection, 'api' | 'place'>,
  key: string,
): Promise<EnvironmentFlagView> {
  const flag = await api.getFlag(place, key);
  if (flag.kind === 'migration') return flag;
  throw new CommandError(
    exitCodes.refused,
    `${key} is a ${flag.kind}, not a migration`,
    `See: sluice flag show ${key}`,
  );
}

function parseStage(given: string | undefined): Stage | undefined {
  if (given === undefined || isStage(given)) return given;
  throw usageError(`--to must be one of ${stages.join(', ')}, got "${given}"`);
}

/** Whom and what somebody says by name not to wait for. */
function readOverrule({
  overrule: reason,
  instance: instances = [],
  check: given = [],
}: {
  readonly overrule?: string | undefined;
  readonly instance?: readonly string[] | undefined;
  readonly check?: readonly string[] | undefined;
}): StageMove['overrule'] {
  if (reason === undefined) {
    if (instances.length > 0) throw usageError('--instance goes with --overrule');
    if (given.length > 0) throw usageError('--check goes with --overrule');
    return undefined;
  }
  if (instances.length === 0 && given.length === 0) {
    throw usageError('--overrule needs --instance NAME or --check NAME, of everything that is not to be waited for');
  }
  const checks = given.map((name) => {
    const check = migrationChecks.find((each) => each === name);
    if (check === undefined) throw usageError(`--check must be one of ${migrationChecks.join(', ')}, got "${name}"`);
    return check;
  });
  return {
    reason,
    ...(instances.length > 0 && { instances: [...instances] }),
    ...(checks.length > 0 && { checks }),
  };
}

/** What a cohort is served, or all that are in none. */
function findServed({ key, rules, fallthrough }: EnvironmentFlagView, cohort: string | undefined): Served {
  const rule = cohort === undefined ? fallthrough : rules.find(({ id }) => id === cohort);
  if (rule !== undefined) return rule;
  throw new CommandError(exitCodes.refused, `${key} has no cohort ${cohort}`, `See: sluice migration show ${key}`);
}

/** The next stage, or what is missing of the one that has begun. */
function advanceTo(
  served: Served,
  to: Stage | undefined,
  percent: string | undefined,
): { readonly to: string; readonly serve: Advance['serve'] } {
  const weight = percent === undefined ? undefined : parsePercent('--percent', percent);
  const advance = advanceStages(served, { ...(to !== undefined && { to }), ...(weight !== undefined && { weight }) });
  if (isProblem(advance)) {
    throw usageError(
      advance.path === 'weight'
        ? `--percent ${advance.message}; to go back, use: sluice migration return`
        : advance.message,
    );
  }
  if (percent === undefined || advance.serve.stage !== undefined) return advance;
  return { to: `${advance.to}, ${percent.replace(/%?$/, '%')} of the records`, serve: advance.serve };
}

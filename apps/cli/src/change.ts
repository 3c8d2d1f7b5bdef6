import type { ChangeView } from '@sluice/api-client';
import { isMadeKey } from '@sluice/authoring';
import { type Connection, type connect, connectionOptions } from './connection.ts';
import {
  exitCodeOf,
  parseWaiting,
  printConvergence,
  type Waiting,
  type WaitValues,
  waitForInstances,
  waitOptions,
} from './convergence.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { formatBarrier } from './migration-words.ts';
import type { Output } from './output.ts';
import type { CommandPlatform } from './platform.ts';

/** Options of whatever makes a change and says why. */
export const changeOptions = {
  ...connectionOptions,
  comment: { type: 'string', short: 'm', value: 'TEXT', help: 'why; kept in the history' },
  'dry-run': { type: 'boolean', help: 'show what would change, and change nothing' },
  wait: { type: 'boolean', help: 'wait until instances have the change' },
  ...waitOptions,
} as const;

export interface ChangeValues extends WaitValues {
  readonly json?: boolean | undefined;
  readonly comment?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly wait?: boolean | undefined;
}

export interface ChangeCall {
  readonly options: ChangeValues & Parameters<typeof connect>[0];
  readonly platform: CommandPlatform;
  readonly output: Output;
}

/** Whether to wait and for what: known before anything is changed. A dry run leads to nothing to wait for. */
export function readWaiting(options: ChangeValues): Waiting | undefined {
  const { wait, 'dry-run': dryRun } = options;
  if (wait !== true) {
    const given = (['for', 'timeout', 'include-delivered'] as const).find((name) => options[name] !== undefined);
    if (given !== undefined) throw usageError(`--${given} goes with --wait`);
  }
  return wait === true && dryRun !== true ? parseWaiting(options) : undefined;
}

interface Finished {
  /** A flag that was changed. */
  readonly key: string;
  /** Id of the change; undefined: of the flag's last one, which may still be on its way. */
  readonly change: string | undefined;
  /** What programs are to read. */
  readonly body: object;
  readonly waiting: Waiting | undefined;
}

/** Waits for instances if that is wanted; resolves with the exit code. */
export async function finish(
  connection: Pick<Connection, 'api' | 'place'>,
  { key, change, body, waiting }: Finished,
  { json }: ChangeValues,
  output: Output,
): Promise<number | undefined> {
  const view =
    waiting === undefined
      ? undefined
      : await waitForInstances(connection, change ?? (await findLastChange(connection, key)).id, waiting);
  if (json === true) output.printJson({ ...body, ...(view !== undefined && { convergence: view }) });
  else if (view !== undefined) printConvergence(view, output);
  return view && exitCodeOf(view);
}

/** What is there already came with an earlier change. */
export function idOf({ status, id }: ChangeView): string | undefined {
  return status === 'unchanged' ? undefined : id;
}

export function printChange(made: ChangeView, headline: string, { print, width }: Output): void {
  const elsewhere = made.group === undefined ? '' : ' and other environments of its project';
  if (made.status === 'planned') print(`This would change ${made.environment}${elsewhere}; nothing is changed:`);
  else print(`${headline} in ${made.environment}${elsewhere} (version ${made.version}).`);
  for (const line of describeEffects(made)) print(`  ${line}`);
  const barriers = made.barriers ?? [];
  for (const barrier of barriers) print(formatBarrier(barrier, width));
  if (barriers.some(({ isOpen }) => !isOpen)) print('As it stands it would be refused.');
}

/** Segments that are made for a flag go without saying: they follow from its rules. */
export function describeEffects({ effects }: ChangeView): readonly string[] {
  const said = effects.filter(({ kind, key }) => kind !== 'segment' || !isMadeKey(key));
  return said.map(({ kind, key, text }) => `${kind} ${key}: ${text}`);
}

export async function findLastChange(
  { api, place }: Pick<Connection, 'api' | 'place'>,
  key: string,
): Promise<ChangeView> {
  const { items } = await api.listChanges(place, { flag: key, limit: 1 });
  const [last] = items;
  if (last !== undefined) return last;
  // A flag without changes is one that does not exist; the server says so.
  await api.getFlag(place, key);
  throw new CommandError(exitCodes.refused, `flag ${key} has no changes in ${place.environment}`);
}

import type { ConvergenceView, FleetView, InstanceView } from '@sluice/api-client';
import { type Command, defineCommand } from './command.ts';
import { type Connection, connect, connectionOptions } from './connection.ts';
import {
  exitCodeOf,
  formatRefusal,
  formatShare,
  parseWaiting,
  printConvergence,
  waitForInstances,
  waitOptions,
} from './convergence.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { formatAgo } from './span.ts';
import { formatTable } from './table.ts';

const states: readonly InstanceView['state'][] = [
  'current',
  'behind',
  'partial',
  'refused',
  'offline',
  'gone',
  'foreign',
];

export const fleetCommands: readonly Command[] = [
  defineCommand({
    name: 'wait',
    summary: 'wait until instances have a change; the last one unless given',
    arguments: ['[CHANGE]'],
    options: { ...connectionOptions, ...waitOptions },
    examples: ['sluice wait', 'sluice wait 4fd2k9q1x0aa --for 99 --timeout 30s'],
    run: async ({ words: [given], options, platform, output }) => {
      const connection = connect(options, platform);
      const waiting = parseWaiting(options);
      const view = await waitForInstances(connection, given ?? (await findLastChange(connection)), waiting);
      if (options.json === true) output.printJson(view);
      else printConvergence(view, output);
      return exitCodeOf(view);
    },
  }),

  defineCommand({
    name: 'fleet',
    summary: 'list the instances of an environment, and what they run',
    arguments: [],
    options: {
      ...connectionOptions,
      state: { type: 'string', value: 'STATE', help: `only those that are ${states.join(', ')}` },
      limit: { type: 'string', value: 'N', help: 'at most so many; 50 unless given' },
    },
    examples: ['sluice fleet', 'sluice fleet --state behind', 'sluice fleet -e staging --json'],
    run: async ({ words: _, options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const { state: given } = options;
      const state = states.find((each) => each === given);
      if (given !== undefined && state === undefined)
        throw usageError(`--state must be one of ${states.join(', ')}, got "${given}"`);
      const limit = Number(options.limit ?? '50');
      if (!Number.isInteger(limit) || limit < 1 || limit > 500)
        throw usageError('--limit must be a number from 1 to 500');
      const fleet = await api.getFleet(place, { state, limit });
      if (options.json === true) {
        output.printJson(fleet);
        return undefined;
      }
      output.print(summarise(fleet, place.environment));
      if (fleet.items.length > 0) output.print(formatInstances(fleet.items, output.width));
      output.print(listRefusals(fleet.items).map(formatRefusal));
      if (fleet.nextCursor !== undefined) output.print(`… and more; --limit shows up to 500, --json has a cursor`);
      return undefined;
    },
  }),
];

async function findLastChange({ api, place }: Pick<Connection, 'api' | 'place'>): Promise<string> {
  const { items } = await api.listChanges(place, { limit: 1 });
  const [last] = items;
  if (last !== undefined) return last.id;
  throw new CommandError(exitCodes.refused, `nothing was ever changed in ${place.environment}`);
}

function summarise(
  { live, offline, gone, version, versions, foreign }: FleetView,
  environment: string,
): readonly string[] {
  const one = (instances: number, word = 'instance'): string =>
    `${instances.toLocaleString('en-US')} ${word}${instances === 1 ? '' : 's'}`;
  const current = versions.find((each) => each.version === version)?.instances ?? 0;
  const behind = versions.filter((each) => each.version !== version);
  const share = live === 0 ? 'no instance is connected' : `${formatShare(current, live)} it`;
  const lines = [`${environment} is at version ${version}; ${share}.`];
  for (const { version: older, instances } of behind) {
    lines.push(`  ${one(instances)} at ${older === undefined ? 'nothing that they told of' : `version ${older}`}`);
  }
  if (offline > 0) lines.push(`  Contact is lost to ${one(offline)}; they may be running.`);
  if (gone > 0) lines.push(`  ${one(gone)} left within the last day.`);
  if (foreign.live > 0) {
    const sdks = foreign.sdks.map(({ sdk, instances }) => `${instances} ${sdk}`).join(', ');
    lines.push(`  Besides, ${one(foreign.live, 'other SDK')}: ${sdks}.`);
  }
  return lines;
}

/** So many instances that refused for one reason are named. */
const examplesNamed = 3;

function listRefusals(items: readonly InstanceView[]): ConvergenceView['refusals'] {
  return [...Map.groupBy(items, ({ reason }) => reason)].flatMap(([reason, refusing]) => {
    if (reason === undefined) return [];
    const examples = refusing.slice(0, examplesNamed).map(({ instance }) => instance);
    return [{ reason, instances: refusing.length, examples }];
  });
}

function formatInstances(items: readonly InstanceView[], width: number): readonly string[] {
  const rows = items.map(({ instance, state, version, via, heardMsAgo, sdk, through, about }) => [
    instance,
    state,
    version === undefined ? '-' : String(version),
    via,
    formatAgo(heardMsAgo),
    sdk,
    [through, about.zone ?? about.region, about.service, about.version].filter(Boolean).join(' '),
  ]);
  return formatTable(['INSTANCE', 'STATE', 'RUNS', 'VIA', 'HEARD', 'SDK', 'WHERE'], rows, width);
}

import type { ChangeInput, ChangeView } from '@sluice/api-client';
import { describeLack, tripExpiry } from '@sluice/authoring';
import { changeOptions, finish, idOf, printChange, readWaiting } from './change.ts';
import { type Command, defineCommand } from './command.ts';
import { confirmOptions, makeConfirmed } from './confirm.ts';
import { type Connection, connect, connectionOptions, describePlace } from './connection.ts';
import { createFlag, creationOptions } from './create-flag.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { listFlags } from './list-flags.ts';
import { parseSpan, type SpanFormat } from './span.ts';
import { parseScope, type Trip, tripScopeOptions } from './trip-scope.ts';
import { formatValve, formatValves, isEngaged, listValveRules, sortByUrgency } from './valve-words.ts';

const expiresFormat: SpanFormat = { units: ['m', 'h', 'd'], examples: '30m, 4h or 2d' };
const leastExpiryMs = 60_000;

/** The reason is the comment. */
const { comment: _, ...tripChangeOptions } = changeOptions;

export const valveCommands: readonly Command[] = [
  defineCommand({
    name: 'valve create',
    summary: 'create a valve, which serves its normal mode everywhere',
    arguments: ['VALVE'],
    options: {
      ...creationOptions,
      mode: {
        type: 'string',
        multiple: true,
        value: 'MODE',
        help: 'repeat it: the normal one first, then by severity. Without: normal and off',
      },
    },
    examples: ['sluice valve create search --mode normal --mode cached --mode off-404'],
    run: ({ words: [key = ''], ...call }) => {
      const { mode: modes } = call.options;
      const variations = modes?.map((value) => ({ value }));
      const definition = { kind: 'valve' as const, ...(variations !== undefined && { variations }) };
      return createFlag(key, call, definition, (valve) => {
        const [normal, ...degraded] = valve.variations.map(({ id }) => id);
        return [
          `Created ${valve.key}: ${normal} in every environment. Its other modes: ${degraded.join(', ')}.`,
          `Trip it with: sluice valve trip ${valve.key} ${degraded[0]} --reason TEXT${describePlace(call.options)}`,
        ];
      });
    },
  }),

  defineCommand({
    name: 'valve list',
    summary: 'list the valves of an environment, overdue and tripped ones first',
    arguments: [],
    options: { ...connectionOptions, tripped: { type: 'boolean', help: 'only those that are tripped or overdue' } },
    examples: ['sluice valve list', 'sluice valve list --tripped -e staging'],
    run: async ({ options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const all = await listFlags({ api, place }, 'valve');
      const valves = sortByUrgency(options.tripped === true ? all.filter(isEngaged) : all);
      // An array of EnvironmentFlagView, as the management API has them.
      if (options.json === true) output.printJson(valves);
      else if (all.length === 0)
        output.print(`There are no valves in project ${place.project} yet. Create one with: sluice valve create VALVE`);
      else if (valves.length === 0) output.print(`No valve is tripped in ${place.environment}.`);
      else output.print(formatValves(valves, platform.now(), output.width));
      return undefined;
    },
  }),

  defineCommand({
    name: 'valve show',
    summary: 'show a valve, and its rules in the order in which they win',
    arguments: ['VALVE'],
    options: connectionOptions,
    examples: ['sluice valve show search'],
    run: async ({ words: [key = ''], options, platform, output }) => {
      const { api, place } = connect(options, platform);
      const valve = await api.getFlag(place, key);
      if (valve.kind !== 'valve') {
        throw new CommandError(
          exitCodes.refused,
          `${key} is a ${valve.kind}, not a valve`,
          `See: sluice flag show ${key}`,
        );
      }
      if (options.json === true) output.printJson(valve);
      else output.print(formatValve(valve, options, { environment: place.environment, now: platform.now() }));
      return undefined;
    },
  }),

  defineCommand({
    name: 'valve trip',
    summary: 'serve a degraded mode, until somebody restores the valve',
    arguments: ['VALVE', '[MODE]…'],
    options: {
      reason: { type: 'string', short: 'm', value: 'TEXT', help: 'why; needed, and shown wherever the trip is' },
      ...tripScopeOptions,
      expires: {
        type: 'string',
        value: 'TIME',
        help: 'overdue after so long: 30m, 4h, 2d; 4h unless given, at most 7d',
      },
      incident: { type: 'string', value: 'TEXT', help: 'where people talk about it: a link, or a name' },
      ...confirmOptions,
      ...tripChangeOptions,
    },
    examples: [
      'sluice valve trip search off-404 --reason "index down"',
      'sluice valve trip search off-404 --account 42 --expires 30m --reason "scraping" --now --wait',
      'sluice valve trip search=off-404 mail=off --reason "region down"',
    ],
    run: async ({ words, ...call }) => {
      const trips = parseTrips(words.filter((word) => word !== undefined));
      const fields = { ...parseScope(call.options), ...parseWhy(call.options, trips) };
      const instructions = trips.map(({ valve, mode }) => ({ kind: 'trip' as const, flag: valve, mode, ...fields }));
      const valves = trips.map(({ valve }) => valve);
      return changeValves({ verb: 'Trip', valves, instructions }, call, async (made, connection) => {
        const { print, width } = call.output;
        const done = `Tripped ${listWords(valves)} in ${made.environment} (version ${made.version}).`;
        const [restore, ...more] = await describeWayBack(made, valves, call.options, connection);
        const line = `${done} ${restore}`;
        print(line.length > width ? [done, restore, ...more] : [line, ...more]);
        for (const lack of await describeLacks(trips, fields.when, connection)) print(lack);
      });
    },
  }),

  defineCommand({
    name: 'valve restore',
    summary: 'bring valves back to their normal mode',
    arguments: ['VALVE…'],
    options: {
      ...changeOptions,
      rule: {
        type: 'string',
        multiple: true,
        value: 'ID',
        help: 'take away only this rule, repeatable; sluice valve show has the ids',
      },
      ...confirmOptions,
    },
    examples: [
      'sluice valve restore search',
      'sluice valve restore search mail --now',
      'sluice valve restore search --rule 4fd2k9q1',
    ],
    run: async ({ words, ...call }) => {
      const { rule: ids = [], now } = call.options;
      const valves = [...new Set(words.filter((word) => word !== undefined))];
      if (ids.length > 0 && valves.length > 1) throw usageError('--rule goes with one valve, whose rule it is');
      const instructions = valves.flatMap((flag) =>
        (ids.length === 0 ? [{}] : ids.map((id) => ({ id }))).map((rule) => ({
          kind: 'restore' as const,
          flag,
          ...rule,
        })),
      );
      return changeValves({ verb: 'Restore', valves, instructions }, call, async (made) => {
        const restored = valves.filter((valve) => made.effects.some(({ key }) => key === valve));
        const others = valves.filter((valve) => !restored.includes(valve));
        // Who was asked has seen from what.
        const shown = now === true ? made : { ...made, effects: [] };
        if (restored.length > 0) printChange(shown, `Restored ${listWords(restored)}`, call.output);
        if (others.length > 0)
          call.output.print(`Not tripped in ${made.environment}, nothing to restore: ${listWords(others)}.`);
      });
    },
  }),
];

interface ValveChange {
  readonly verb: 'Trip' | 'Restore';
  readonly valves: readonly string[];
  readonly instructions: ChangeInput['instructions'];
}

/** Resolves with the exit code. `tell`: what was done, for people. */
async function changeValves(
  { verb, valves, instructions }: ValveChange,
  call: Parameters<typeof makeConfirmed>[3],
  tell: (made: ChangeView, connection: Connection) => Promise<void>,
): Promise<number | undefined> {
  const { options, platform, output } = call;
  const connection = connect(options, platform);
  const waiting = readWaiting(options);
  const question = `${verb} ${listWords(valves)} in ${connection.place.environment}?`;
  const made = await makeConfirmed(connection, { instructions, comment: options.comment }, question, call);
  if (made === undefined) {
    output.print('Nothing is changed.');
    return exitCodes.refused;
  }
  if (options.json !== true) {
    if (made.status === 'planned') printChange(made, '', output);
    else await tell(made, connection);
  }
  const [key = ''] = valves;
  return finish(connection, { key, change: idOf(made), body: made, waiting }, options, output);
}

interface ValveMode {
  readonly valve: string;
  readonly mode: string;
}

/** `search off-404`, or `search=off-404 mail=off`. */
function parseTrips(words: readonly string[]): readonly ValveMode[] {
  const pairs = words.map((word) => {
    const at = word.indexOf('=');
    return at < 0 ? undefined : { valve: word.slice(0, at), mode: word.slice(at + 1) };
  });
  const [valve = '', mode, ...more] = words;
  if (pairs.every((pair) => pair === undefined)) {
    if (mode === undefined) throw usageError(`MODE is missing; sluice valve show ${valve} lists the modes`);
    if (more.length > 0) throw usageError(oneMode(valve, words.slice(1)));
    return [{ valve, mode }];
  }
  const odd = words.find((_, at) => {
    const pair = pairs[at];
    return pair === undefined || pair.valve === '' || pair.mode === '';
  });
  if (odd !== undefined)
    throw usageError(`several valves are given as VALVE=MODE each, such as search=off-404 mail=off, got "${odd}"`);
  const trips = pairs.filter((pair) => pair !== undefined);
  for (const [each, alike] of Map.groupBy(trips, (trip) => trip.valve)) {
    const modes = alike.map((trip) => trip.mode);
    if (modes.length > 1) throw usageError(oneMode(each, modes));
  }
  return trips;
}

function oneMode(valve: string, modes: readonly string[]): string {
  return `a trip serves one mode of ${valve}, got ${listWords(modes)}; several valves are tripped like this: search=off-404 mail=off`;
}

interface WhyValues {
  readonly reason?: string | undefined;
  readonly expires?: string | undefined;
  readonly incident?: string | undefined;
}

function parseWhy(
  { reason = '', expires, incident }: WhyValues,
  trips: readonly ValveMode[],
): Pick<Trip, 'reason' | 'expiresInMs' | 'incident'> {
  if (reason.trim() === '') {
    const said = trips.map(({ valve, mode }) => `${valve}${trips.length === 1 ? ' ' : '='}${mode}`);
    throw usageError(`--reason is missing; for example: sluice valve trip ${said.join(' ')} --reason "index down"`);
  }
  const expiresInMs = expires === undefined ? undefined : parseSpan('--expires', expires, expiresFormat);
  if (expiresInMs !== undefined && expiresInMs < leastExpiryMs)
    throw usageError(`--expires must be at least 1m, got "${expires}"`);
  if (expiresInMs !== undefined && expiresInMs > tripExpiry.atMostMs)
    throw usageError(`--expires must be at most 7d, got "${expires}": what is to stay for longer is no trip`);
  return {
    reason,
    ...(expiresInMs !== undefined && { expiresInMs }),
    ...(incident !== undefined && { incident }),
  };
}

/** Whose code does not know a mode that is served now, and what they do in its place; nothing where it is not known. */
async function describeLacks(
  trips: readonly ValveMode[],
  when: Trip['when'] = [],
  { api, place }: Connection,
): Promise<readonly string[]> {
  const ofInstances = when.filter(({ contextKind }) => contextKind === 'instance');
  const lines = trips.map(async ({ valve, mode }) => {
    const { concerned, lacks } = await api.getValveReach(place, valve, ofInstances);
    const ofMode = lacks.filter((lack) => lack.mode === mode);
    if (ofMode.length === 0) return [];
    const [normal] = (await api.getFlag(place, valve)).variations;
    return ofMode.map((lack) => `${valve}: ${describeLack(lack, concerned, normal?.id)}`);
  });
  // The valve is tripped, whether or not it can be looked at now.
  return Promise.all(lines).then(
    (all) => all.flat(),
    () => [],
  );
}

/** What to type to undo no more than was done; a line, or several. */
async function describeWayBack(
  { id, instructions }: ChangeView,
  valves: readonly string[],
  options: Parameters<typeof describePlace>[0],
  { api, place }: Connection,
): Promise<readonly [string, ...string[]]> {
  const where = describePlace(options);
  const [valve = ''] = valves;
  const restore = `Restore: sluice valve restore ${valves.join(' ')}`;
  if (valves.length > 1)
    return [`${restore}${where}`, `To take back this change alone: sluice flag revert ${valve} ${id}${where}`];
  // The valve is tripped, whether or not it can be looked at now.
  const rules = await api.getFlag(place, valve).then(listValveRules, () => undefined);
  if (rules?.length === 1) return [`${restore}${where}`];
  // A trip that was there already, and was renewed, has the id that it had.
  const own = rules?.find((rule) => instructions.some((given) => 'id' in given && given.id === rule.id));
  return [own === undefined ? `Rules: sluice valve show ${valve}${where}` : `${restore} --rule ${own.id}${where}`];
}

function listWords(words: readonly string[]): string {
  return new Intl.ListFormat('en').format(words);
}

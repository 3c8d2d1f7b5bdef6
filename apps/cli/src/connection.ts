import { join } from 'node:path';
import { type ApiClient, createApiClient, type Place } from '@sluice/api-client';
import { firstStartFile } from '@sluice/control-plane/basics';
import type { Option } from './command.ts';
import { type CommandError, usageError } from './errors.ts';
import type { CommandPlatform } from './platform.ts';

/** Options of every command that talks to a server. */
export const connectionOptions = {
  url: { type: 'string', value: 'URL', help: 'the server (SLUICE_URL)' },
  token: { type: 'string', value: 'TOKEN', help: 'an API token (SLUICE_TOKEN)' },
  data: { type: 'string', value: 'FOLDER', help: 'data folder of a server on this machine (SLUICE_DATA, ./data)' },
  config: { type: 'string', value: 'FILE', help: 'settings as JSON: url, token, project, environment (SLUICE_CONFIG)' },
  project: { type: 'string', short: 'p', value: 'KEY', help: 'project (SLUICE_PROJECT, default)' },
  environment: { type: 'string', short: 'e', value: 'KEY', help: 'environment (SLUICE_ENVIRONMENT, production)' },
  json: { type: 'boolean', help: 'print the answer as JSON' },
} as const satisfies Record<string, Option>;

type ConnectionValues = { readonly [Name in keyof typeof connectionOptions]?: string | boolean | undefined };

export interface Connection {
  readonly api: ApiClient;
  readonly place: Place;
  readonly url: string;
}

/** A place where settings are found. */
interface Source {
  /** For a file, which is about the server whose address stands in it; undefined for what was given by hand. */
  readonly file?: string;
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly project: string | undefined;
  readonly environment: string | undefined;
}

/**
 * Finds the server: what was typed wins over variables, and these over files that nobody named. Among what was typed,
 * and among variables, single settings come before the settings file, and this before what a server on this machine
 * left in its data folder. What stands in a file beside the address of another server is not taken: a token goes to no
 * server but its own.
 */
export function connect(options: ConnectionValues, platform: CommandPlatform): Connection {
  const sources = listSources(options, platform);
  const url = find(sources, 'url');
  if (url === undefined) throw unknown('no server is known', 'give --url and --token (or SLUICE_URL and SLUICE_TOKEN)');
  if (!URL.canParse(url))
    throw usageError(`the server's address must be a URL such as http://127.0.0.1:7400, got "${url}"`);
  const fitting = sources.filter((source) => source.file === undefined || isOf(url, source));
  const token = find(fitting, 'token');
  if (token === undefined) throw unknownToken(url, sources);
  return {
    url,
    api: createApiClient({ url, token, fetch: platform.fetch }),
    place: {
      project: find(fitting, 'project') ?? 'default',
      environment: find(fitting, 'environment') ?? 'production',
    },
  };
}

function listSources(options: ConnectionValues, platform: CommandPlatform): readonly Source[] {
  const { variables, home } = platform;
  const [typedFile, typedFolder] = [text(options.config), text(options.data)];
  const file = typedFile === undefined ? text(variables.SLUICE_CONFIG) : undefined;
  const userFile = join(text(variables.XDG_CONFIG_HOME) ?? join(home, '.config'), 'sluice', 'config.json');
  return [
    readFields(options),
    ...(typedFile === undefined ? [] : [readSettings(typedFile, platform, true)]),
    ...(typedFolder === undefined ? [] : [readFirstStart(typedFolder, platform, true)]),
    {
      url: text(variables.SLUICE_URL),
      token: text(variables.SLUICE_TOKEN),
      project: text(variables.SLUICE_PROJECT),
      environment: text(variables.SLUICE_ENVIRONMENT),
    },
    ...(file === undefined ? [] : [readSettings(file, platform, true)]),
    ...(typedFolder === undefined ? [readFirstStart(text(variables.SLUICE_DATA) ?? './data', platform, false)] : []),
    readSettings(userFile, platform, false),
  ];
}

function find(sources: readonly Source[], name: 'url' | 'token' | 'project' | 'environment'): string | undefined {
  return sources.find((source) => source[name] !== undefined)?.[name];
}

/** A file without an address is about any server. */
function isOf(url: string, source: Source): boolean {
  return source.url === undefined || (URL.canParse(source.url) && normalise(source.url) === normalise(url));
}

/** Names of this machine: servers listen on one and are called by another. */
const thisMachine = new Set(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]']);

function normalise(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url);
  const host = thisMachine.has(hostname) ? 'localhost' : hostname;
  return `${protocol}//${host}:${port}${pathname.replace(/\/+$/, '')}`;
}

function unknownToken(url: string, sources: readonly Source[]): CommandError {
  const other = sources.find(({ token }) => token !== undefined);
  const what = `no API token is known for ${url}`;
  if (other === undefined) return unknown(what, 'give --token or SLUICE_TOKEN');
  return usageError(
    what,
    `The one in ${other.file} is for ${other.url} and goes nowhere else.`,
    'Give --token or SLUICE_TOKEN.',
  );
}

function unknown(what: string, otherwise: string): CommandError {
  return usageError(what, `Run this in the folder where the server was started, or ${otherwise}.`);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readFields(fields: Readonly<Record<string, unknown>>): Source {
  return {
    url: text(fields.url),
    token: text(fields.token),
    project: text(fields.project),
    environment: text(fields.environment),
  };
}

function readSettings(path: string, { readFile }: CommandPlatform, mustExist: boolean): Source {
  const content = readFile(path);
  if (content === undefined) {
    if (mustExist) throw usageError(`there is no settings file ${path}`);
    return readFields({});
  }
  try {
    return { ...readFields(JSON.parse(content)), file: path };
  } catch (error) {
    throw usageError(`${path} must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readFirstStart(folder: string, { readFile }: CommandPlatform, mustExist: boolean): Source {
  const file = join(folder, firstStartFile);
  const content = readFile(file);
  if (content === undefined && mustExist)
    throw usageError(`there is no ${firstStartFile} in ${folder}: a server that was started there first leaves it`);
  const fields = Object.fromEntries((content ?? '').split('\n').map((line) => line.split(': ', 2)));
  return { ...readFields({ url: fields.url, token: fields['api-token'] }), file };
}

/** The project and environment as they were typed, for commands that are proposed. */
export function describePlace({ project, environment }: ConnectionValues): string {
  return [project === undefined ? '' : ` -p ${project}`, environment === undefined ? '' : ` -e ${environment}`].join(
    '',
  );
}

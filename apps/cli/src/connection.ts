import { join } from 'node:path';
import { type ApiClient, createApiClient, type Place } from '@sluice/api-client';
import { firstStartFile } from '@sluice/control-plane';
import type { Option } from './command.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
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

interface Found {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly project: string | undefined;
  readonly environment: string | undefined;
}

/**
 * Finds the server: options first, then variables, then a settings file that was named, then what a server on this
 * machine left in its data folder, then the settings file of this user.
 */
export function connect(options: ConnectionValues, platform: CommandPlatform): Connection {
  const { variables, home } = platform;
  const namedFile = text(options.config) ?? text(variables.SLUICE_CONFIG);
  const userFile = join(text(variables.XDG_CONFIG_HOME) ?? join(home, '.config'), 'sluice', 'config.json');
  const sources: readonly Found[] = [
    readFields(options),
    {
      url: text(variables.SLUICE_URL),
      token: text(variables.SLUICE_TOKEN),
      project: text(variables.SLUICE_PROJECT),
      environment: text(variables.SLUICE_ENVIRONMENT),
    },
    ...(namedFile === undefined ? [] : [readSettings(namedFile, platform, true)]),
    readFirstStart(text(options.data) ?? text(variables.SLUICE_DATA) ?? './data', platform),
    readSettings(userFile, platform, false),
  ];
  const find = (name: keyof Found): string | undefined => sources.find((source) => source[name] !== undefined)?.[name];
  const url = find('url');
  const token = find('token');
  if (url === undefined || token === undefined) {
    throw new CommandError(
      exitCodes.usage,
      url === undefined ? 'no server is known' : `no API token is known for ${url}`,
      'Run this in the folder where the server was started, or give --url and --token (or SLUICE_URL and SLUICE_TOKEN).',
    );
  }
  if (!URL.canParse(url))
    throw usageError(`the server's address must be a URL such as http://127.0.0.1:7400, got "${url}"`);
  return {
    url,
    api: createApiClient({ url, token, fetch: platform.fetch }),
    place: { project: find('project') ?? 'default', environment: find('environment') ?? 'production' },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readFields(fields: Readonly<Record<string, unknown>>): Found {
  return {
    url: text(fields.url),
    token: text(fields.token),
    project: text(fields.project),
    environment: text(fields.environment),
  };
}

function readSettings(path: string, { readFile }: CommandPlatform, mustExist: boolean): Found {
  const content = readFile(path);
  if (content === undefined) {
    if (mustExist) throw usageError(`there is no settings file ${path}`);
    return readFields({});
  }
  try {
    return readFields(JSON.parse(content));
  } catch (error) {
    throw usageError(`${path} must be JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readFirstStart(folder: string, { readFile }: CommandPlatform): Found {
  const lines = (readFile(join(folder, firstStartFile)) ?? '').split('\n');
  const fields = Object.fromEntries(lines.map((line) => line.split(': ', 2)));
  return readFields({ url: fields.url, token: fields['api-token'] });
}

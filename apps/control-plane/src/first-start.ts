import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database, Writes } from './database/schema.ts';
import { describeError, ServerError } from './errors.ts';
import { createSetup } from './people/invitation-commands.ts';
import { listProjects } from './projects/environment-queries.ts';
import {
  type CreatedEnvironment,
  createEnvironment,
  createProject,
  type EnvironmentSurroundings,
} from './projects/project-commands.ts';
import { type Bootstrap, firstStartFile } from './settings.ts';
import { createApiToken } from './tokens/token-commands.ts';

/** What whoever started the server for the first time needs to know. */
export interface FirstStart {
  readonly apiToken: string;
  /** Of `production`. */
  readonly sdkKey: string;
  /** Where the first administrator chooses a password. */
  readonly setupLink: string;
  readonly file: string;
}

const project = 'default';

interface FirstStartOptions {
  readonly folder: string;
  readonly url: string;
  /** Where people reach the server. */
  readonly origin: string;
  readonly bootstrap: Bootstrap;
}

/** Fills an empty database with project `default`, two environments and a token; undefined when it is not empty. */
export async function startFirstTime(
  db: Database,
  { folder, url, origin, bootstrap }: FirstStartOptions,
  surroundings: EnvironmentSurroundings,
): Promise<FirstStart | undefined> {
  const file = join(folder, firstStartFile);
  return db.transaction().execute(async (writes) => {
    if ((await listProjects(writes)).length > 0 || !(await isFirst(writes, surroundings))) return undefined;
    const keys = await fill(writes, bootstrap, surroundings);
    // Before the commit: keys that nobody can read would be lost if the server ended in between.
    const setupLink = `${origin}/setup#${keys.setupToken}`;
    writeKeys(file, formatKeys(url, setupLink, keys));
    return { apiToken: keys.apiToken, sdkKey: keys.production.sdkKey.secret, setupLink, file };
  });
}

/** Creates the project. Of replicas that start together one does; the others wait for it here, and do nothing. */
async function isFirst(writes: Writes, { platform }: EnvironmentSurroundings): Promise<boolean> {
  try {
    await createProject(writes, { key: project, name: 'Default' }, platform.now());
    return true;
  } catch (error) {
    if (error instanceof ServerError && error.code === 'already-exists') return false;
    throw error;
  }
}

interface FirstKeys {
  readonly apiToken: string;
  readonly setupToken: string;
  readonly production: CreatedEnvironment;
  readonly staging: CreatedEnvironment;
}

async function fill(writes: Writes, bootstrap: Bootstrap, surroundings: EnvironmentSurroundings): Promise<FirstKeys> {
  const actor = 'first start';
  const { sdkKey, clientSideId, apiToken } = bootstrap;
  return {
    production: await createEnvironment(
      writes,
      { project, key: 'production', name: 'Production', actor, sdkKey, clientSideId },
      surroundings,
    ),
    staging: await createEnvironment(writes, { project, key: 'staging', name: 'Staging', actor }, surroundings),
    apiToken: (await createApiToken(writes, { name: 'first-start', secret: apiToken }, surroundings.platform)).token,
    setupToken: await createSetup(writes, surroundings.platform),
  };
}

function formatKeys(url: string, setupLink: string, { apiToken, production, staging }: FirstKeys): string {
  const lines = [
    `url: ${url}`,
    `api-token: ${apiToken}`,
    `sdk-key: ${production.sdkKey.secret}`,
    `client-side-id: ${production.clientSideId.secret}`,
    `staging-sdk-key: ${staging.sdkKey.secret}`,
    `staging-client-side-id: ${staging.clientSideId.secret}`,
    `setup-link: ${setupLink}`,
  ];
  return `${lines.join('\n')}\n`;
}

function writeKeys(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o600 });
  } catch (cause) {
    const message = `the first keys cannot be written to ${file}: ${describeError(cause)}; set --data to a folder that can be written`;
    throw new ServerError('invalid-settings', message, { cause });
  }
}

/** The command on this machine finds the server by the file, so its first line follows the server's address. */
export function noteUrl(folder: string, url: string): void {
  const file = join(folder, firstStartFile);
  if (!existsSync(file)) return;
  const text = readFileSync(file, 'utf8');
  const updated = text.replace(/^url: .*$/m, `url: ${url}`);
  if (updated !== text) writeFileSync(file, updated, { mode: 0o600 });
}

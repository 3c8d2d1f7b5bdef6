import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiClient, createApiClient } from '@sluice/api-client';
import type { MailUrls } from '../mail/receipts.ts';
import { place, setUp } from '../setup.ts';
import { findFreePort, type Program, type ProgramOptions, startProgram } from './platform.ts';

/** Keys for a server that lives as long as a story. */
const keys = { apiToken: 'slt_shop_story_0123456789', sdkKey: 'sdk-shop-story-0123456789' };

/** A server with the shop's flags, and whatever is started beside it: real processes on 127.0.0.1 in a folder of their own. */
export interface World {
  readonly api: ApiClient;
  readonly url: string;
  readonly token: string;
  readonly sdkKey: string;
  /** Removed in the end. */
  readonly folder: string;
  readonly mail: MailUrls;
  readonly server: Program;
  /** After `server` has ended: another one with its data under its address. */
  startServer(): Promise<Program>;
  /** Answers where it is. */
  startShop(variables?: Readonly<Record<string, string>>): Promise<Program & { readonly url: string }>;
  startFleet(instances: number): Promise<Program>;
  /** Resolves when so many instances are connected and have what the environment has. */
  connected(instances: number): Promise<void>;
  /** Ends all that is still running, the last first, and removes the folder. */
  close(): Promise<void>;
}

export async function createWorld(port?: number): Promise<World> {
  const serverPort = String(await findFreePort(port));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-shop-'));
  const url = `http://127.0.0.1:${serverPort}`;
  const api = createApiClient({ url, token: keys.apiToken, fetch });
  const programs: Program[] = [];

  async function start(program: string, options: ProgramOptions): Promise<Program> {
    const started = await startProgram(program, options);
    programs.unshift(started);
    return started;
  }

  const startServer = (): Promise<Program> =>
    start('apps/cli/src/main.ts', {
      args: ['server', 'start', '--port', serverPort, '--data', join(folder, 'server'), '--log-level', 'warn'],
      variables: { SLUICE_BOOTSTRAP_API_TOKEN: keys.apiToken, SLUICE_BOOTSTRAP_SDK_KEY: keys.sdkKey },
      ready: async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true,
    });
  const sdk = { SLUICE_URL: url, SLUICE_SDK_KEY: keys.sdkKey };

  const close = async (): Promise<void> => {
    for (const program of programs) await program.end();
    rmSync(folder, { recursive: true, force: true });
  };

  const server = await startServer();
  const { said } = await start('examples/shop/src/mail/main.ts', { ready: 'ready at ' });
  const [pigeon = '', falcon = ''] = said.slice('ready at '.length).split(' ');
  await setUp(api).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    server,
    api,
    url,
    token: keys.apiToken,
    sdkKey: keys.sdkKey,
    folder,
    mail: { pigeon, falcon },
    startServer,
    startShop: async (variables = {}) => {
      const program = await start('examples/shop/src/main.ts', {
        variables: {
          ...sdk,
          SHOP_PORT: '0',
          SHOP_PIGEON: pigeon,
          SHOP_FALCON: falcon,
          SHOP_DATABASE: join(folder, 'shop.db'),
          SHOP_CACHE: join(folder, 'cache'),
          ...variables,
        },
        ready: 'ready at ',
      });
      return { ...program, url: program.said.slice('ready at '.length) };
    },
    startFleet: (instances) =>
      start('examples/shop/src/fleet/main.ts', { args: [String(instances)], variables: sdk, ready: 'ready' }),
    connected: async (instances) => {
      for (;;) {
        const { connected, version, versions } = await api.getFleet(place);
        if (connected >= instances && versions.every((each) => each.version === version)) return;
        await pause(50);
      }
    },
    close,
  };
}

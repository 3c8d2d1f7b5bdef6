import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { init, type LDClient, type LDOptions } from '@launchdarkly/node-server-sdk';
import type { TestServer } from './test-server.ts';

/** How LaunchDarkly's Node SDK can get its data from us. */
export type LaunchDarklyMode = 'FDv1 streaming' | 'FDv1 polling' | 'FDv2';

export const launchDarklyModes: readonly LaunchDarklyMode[] = ['FDv1 streaming', 'FDv1 polling', 'FDv2'];

const options: Readonly<Record<LaunchDarklyMode, LDOptions>> = {
  'FDv1 streaming': {},
  // The SDK polls no more often than every 30 s.
  'FDv1 polling': { stream: false, pollInterval: 30 },
  FDv2: { dataSystem: {} },
};

export const launchDarklySdk = '@launchdarkly/node-server-sdk';

/** The version that is installed. */
export function findLaunchDarklyVersion(): string {
  const entry = createRequire(import.meta.url).resolve(launchDarklySdk);
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (manifest.name === launchDarklySdk) return manifest.version;
    } catch {
      // Not every folder on the way up has one.
    }
    if (folder === dirname(folder)) throw new Error(`${launchDarklySdk} is not installed`);
  }
}

/** The SDK as it comes from npm, pointed at a server; silent, because tests take servers away on purpose. */
export function createLaunchDarklyClient(
  { url, sdkKey }: Pick<TestServer, 'url' | 'sdkKey'>,
  mode: LaunchDarklyMode,
  more: LDOptions = {},
): LDClient {
  const silent = (): void => undefined;
  return init(sdkKey, {
    baseUri: url,
    streamUri: url,
    eventsUri: url,
    logger: { error: silent, warn: silent, info: silent, debug: silent },
    ...options[mode],
    ...more,
  });
}

/** Resolves when the client has heard that a flag is different. */
export function untilUpdated(client: LDClient, flag: string): Promise<void> {
  return new Promise((resolve) => client.once(`update:${flag}`, () => resolve()));
}

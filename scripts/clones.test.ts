import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDashboard, dashboardFolder } from '../apps/dashboard/build.ts';
import { createVariables, readBlocks, root, runBlocks } from './doc-runs.ts';

const execute = promisify(execFile);

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-clones-'));
  await buildDashboard();
}, 300_000);

// Tens of thousands of files.
afterAll(() => rm(folder, { recursive: true, force: true }), 300_000);

/** A folder with this npm's commands. */
async function installNpm(version: string): Promise<string> {
  const within = join(folder, `npm-${version}`);
  mkdirSync(within);
  await execute('npm', ['install', '--prefix', within, `npm@${version}`], { env: createVariables(folder) });
  return join(within, 'node_modules', '.bin');
}

// Side by side: most of it is waiting for the network.
test.concurrent.each(['10', '11'])(
  'the first screen of the README, and the shop, in a clone, with npm %s and an empty cache',
  async (version) => {
    const clone = join(folder, `clone-${version}`);
    await execute('git', ['clone', '--quiet', root, clone]);
    // Building the pages is the same with every npm, and takes half a minute.
    if (version !== '10') cpSync(dashboardFolder, join(clone, 'apps/dashboard/dist'), { recursive: true });
    const npm_config_cache = join(folder, `cache-${version}`);
    const variables = createVariables(folder, { PATH: await installNpm(version), npm_config_cache });
    expect((await execute('npm', ['--version'], { env: variables })).stdout).toMatch(new RegExp(`^${version}\\.`));

    const blocks = readBlocks('README.md').filter(({ heading }) => heading === '');
    expect(blocks[0]).toMatchObject({ text: 'npm ci && npm start', words: ['clone', 'background'] });
    await runBlocks(clone, blocks, variables);
    expect(existsSync(npm_config_cache)).toBe(true);
    // The server that answered was the clone's: its first start wrote the keys there.
    expect(readFileSync(join(clone, 'data/first-start.txt'), 'utf8')).toMatch(/^api-token: slt_/m);

    // Whoever followed the README may go on to work on it: what it made is nothing to commit, nor to lint.
    expect((await execute('git', ['status', '--porcelain'], { cwd: clone })).stdout).toBe('');
    // The other npm would do the same to what follows.
    if (version !== '10') return;
    const shop = readBlocks('examples/shop/README.md');
    expect(shop.filter(({ kind }) => kind === 'sh').length).toBeGreaterThan(4);
    await runBlocks(clone, shop, variables);
    expect((await execute('git', ['status', '--porcelain'], { cwd: clone })).stdout).toBe('');
    const biome = join(clone, 'node_modules', '.bin', 'biome');
    await execute(biome, ['ci', '--error-on-warnings'], { cwd: clone, env: variables });
  },
  600_000,
);

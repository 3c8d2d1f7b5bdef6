import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, findLaunchDarklyVersion, launchDarklyModes, launchDarklySdk } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DocBlock, listDocBlocks } from './doc-blocks.ts';
import { DocSession } from './doc-session.ts';
import { readSdkTable } from './sdk-rows.ts';

const root = join(import.meta.dirname, '..');
const documents = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()].filter(
  (path) => listDocBlocks(readFileSync(join(root, path), 'utf8')).length > 0,
);

/** As a new user has it: nothing of this repository, nothing of the test runner. */
const variables = {
  PATH: process.env.PATH?.split(':')
    .filter((folder) => !folder.startsWith(root))
    .join(':'),
  HOME: process.env.HOME,
  npm_config_cache: process.env.npm_config_cache,
};

/** What stands in for the clone in an empty folder: the tarballs, LaunchDarkly's SDK, and a running server. */
const installed: readonly DocBlock[] = [
  { kind: 'sh', words: [], text: 'npm install ./sluice-*.tgz @launchdarkly/node-server-sdk@9.13.7', line: 0 },
  { kind: 'sh', words: ['background'], text: 'npx sluice server start', line: 0 },
];

async function runBlocks(folder: string, blocks: readonly DocBlock[]): Promise<void> {
  const session = new DocSession(folder, await findFreePort(), variables);
  try {
    for (const block of blocks) await session.run(block);
  } finally {
    await session.close();
  }
}

test('whatever names the port of the documentation is led to another, so that it runs beside any server', async () => {
  const blocks = [
    '```js port.mjs',
    "console.log('a program asks 127.0.0.1:7400');",
    '```',
    '```sh',
    'echo "the server listens on $SLUICE_PORT"; echo "a command asks http://127.0.0.1:7400/"',
    'cat port.mjs',
    '```',
    '```text',
    'a command asks http://127.0.0.1:7400/',
    '```',
  ];
  const folder = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
  const session = new DocSession(folder, 12_345, variables);
  for (const block of listDocBlocks(blocks.join('\n'))) await session.run(block);
  await session.close();
  expect(readFileSync(join(folder, 'doc-session.log'), 'utf8').split('\n').slice(0, 3)).toEqual([
    'the server listens on 12345',
    'a command asks http://127.0.0.1:12345/',
    "console.log('a program asks 127.0.0.1:12345');",
  ]);
  rmSync(folder, { recursive: true, force: true });
});

describe('every block of the documentation runs as pasted', () => {
  let packed: string;

  beforeAll(() => {
    packed = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
    execFileSync(process.execPath, [join(root, 'scripts/pack.ts')], { cwd: root, stdio: 'pipe' });
  }, 120_000);

  afterAll(() => {
    rmSync(packed, { recursive: true, force: true });
  });

  test.each(documents)(
    '%s, from the packed tarballs in an empty folder',
    async (path) => {
      const folder = join(packed, path.replaceAll(/\W/g, '-'));
      mkdirSync(folder);
      for (const tarball of globSync('dist/*.tgz', { cwd: root }))
        cpSync(join(root, tarball), join(folder, tarball.slice(5)));
      const blocks = listDocBlocks(readFileSync(join(root, path), 'utf8')).filter(
        ({ words }) => !words.includes('clone'),
      );
      expect(blocks.length).toBeGreaterThan(0);
      await runBlocks(folder, [...installed, ...blocks]);
    },
    300_000,
  );

  test('the two commands of the README, in a clone', async () => {
    const clone = join(packed, 'clone');
    execFileSync('git', ['clone', '--quiet', root, clone]);
    const blocks = listDocBlocks(readFileSync(join(root, 'README.md'), 'utf8')).filter(({ words }) =>
      words.includes('clone'),
    );
    expect(blocks.map(({ text }) => text)).toContain('npm ci && npm start');
    await runBlocks(
      clone,
      blocks.filter(({ text }) => !text.includes('npm test')),
    );
    // The server that answered was the clone's: its first start wrote the keys there.
    expect(readFileSync(join(clone, 'data/first-start.txt'), 'utf8')).toMatch(/^api-token: slt_/m);
  }, 300_000);
});

test('the README lists the SDKs and modes that are tested, in the versions that are installed', () => {
  const rows = readSdkTable(readFileSync(join(root, 'README.md'), 'utf8'));
  expect(rows.map(({ sdk, version, mode }) => ({ sdk, version, mode }))).toEqual(
    launchDarklyModes.map((mode) => ({ sdk: launchDarklySdk, version: findLaunchDarklyVersion(), mode })),
  );
});

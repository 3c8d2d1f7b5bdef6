import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { findLaunchDarklyVersion, launchDarklyModes, launchDarklySdk, startTestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type DocBlock, listDocBlocks } from './doc-blocks.ts';
import { createVariables, linkFolder, oldNode, readBlocks, root, runBlocks } from './doc-runs.ts';
import { DocSession } from './doc-session.ts';
import { readSdkTable } from './sdk-rows.ts';

const execute = promisify(execFile);
const documents = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()].filter(
  (path) => readBlocks(path).length > 0,
);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
  execFileSync(process.execPath, [join(root, 'scripts/pack.ts')], { cwd: root, stdio: 'pipe' });
}, 120_000);

// Tens of thousands of files.
afterAll(() => rm(folder, { recursive: true, force: true }), 300_000);

test.skipIf(oldNode === undefined)('the documentation is followed with the oldest Node that is promised', () => {
  const { stdout } = spawnSync('node', ['--version'], { env: createVariables(folder), encoding: 'utf8' });
  expect(stdout).toMatch(/^v20\./);
});

test('whatever names the port of the documentation is led to another, so that it runs beside any server', async () => {
  const blocks = [
    '```js port.mjs',
    "console.log('a program asks 127.0.0.1:7400');",
    '```',
    '```sh',
    'echo "the server listens on $SLUICE_PORT"; echo "a command asks http://127.0.0.1:7400/"',
    'cat port.mjs',
    'echo "an edge listens on 7410"',
    '```',
    '```text',
    'a command asks http://127.0.0.1:7400/',
    '```',
  ];
  const session = new DocSession(folder, { server: 12_345, edge: 12_346 }, createVariables(folder));
  for (const block of listDocBlocks(blocks.join('\n'))) await session.run(block);
  await session.close();
  expect(readFileSync(join(folder, 'doc-session.log'), 'utf8').split('\n').slice(0, 4)).toEqual([
    'the server listens on 12345',
    'a command asks http://127.0.0.1:12345/',
    "console.log('a program asks 127.0.0.1:12345');",
    'an edge listens on 12346',
  ]);
});

describe('every block of the documentation runs as pasted', () => {
  /** What stands in for the clone: a running server, and what the tarballs and LaunchDarkly's SDK install. */
  const background = ['background'];
  const serving: DocBlock = { kind: 'sh', words: background, text: 'npx sluice server start', heading: '', line: 0 };
  let installed: string;

  beforeAll(async () => {
    installed = join(folder, 'installed');
    mkdirSync(installed);
    for (const tarball of globSync('dist/*.tgz', { cwd: root }))
      cpSync(join(root, tarball), join(installed, tarball.slice(5)));
    const install = `npm install ./sluice-*.tgz ${launchDarklySdk}@${findLaunchDarklyVersion()}`;
    await execute('sh', ['-c', install], { cwd: installed, env: createVariables(folder) });
  }, 300_000);

  test.each(documents)(
    '%s, from the packed tarballs in an empty folder',
    async (path) => {
      const within = join(folder, path.replaceAll(/\W/g, '-'));
      linkFolder(installed, within);
      const blocks = readBlocks(path).filter(({ words }) => !words.includes('clone'));
      expect(blocks.length).toBeGreaterThan(0);
      await runBlocks(within, [serving, ...blocks], createVariables(folder));
    },
    300_000,
  );
});

describe('the packed SDK, in a project of somebody', () => {
  let project: string;

  beforeAll(async () => {
    project = join(folder, 'project');
    mkdirSync(project);
    const [tarball = ''] = globSync('dist/sluice-sdk-node-*.tgz', { cwd: root });
    writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
    await execute('npm', ['install', join(root, tarball)], { cwd: project, env: createVariables(folder) });
  }, 120_000);

  test.skipIf(oldNode === undefined)('runs on Node 20, and sees a flag turned on', async () => {
    const server = await startTestServer();
    onTestFinished(() => server.close());
    await server.api('POST', '/projects/default/flags', { key: 'checkout' });
    writeFileSync(
      join(project, 'client.js'),
      `import { createClient } from '@sluice/sdk-node';
      const { SLUICE_URL: url, SLUICE_SDK_KEY: sdkKey } = process.env;
      const sluice = createClient({ url, sdkKey, cacheFolder: false });
      await sluice.ready();
      const show = () => console.log(process.versions.node.split('.')[0], sluice.enabled('checkout', { kind: 'user', key: 'ann' }));
      sluice.onChange('checkout', async () => { show(); await sluice.close(); });
      show();`,
    );
    const child = spawn(oldNode ?? '', ['client.js'], {
      cwd: project,
      env: { SLUICE_URL: server.url, SLUICE_SDK_KEY: server.sdkKey },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (lines.length === 1) await server.change({ flag: 'checkout', instructions: [{ kind: 'turn-on' }] });
    }
    expect([lines, await ended]).toEqual([
      ['20 false', '20 true'],
      [0, null],
    ]);
  });

  test.each([
    ['as Node resolves modules', { module: 'nodenext' }],
    ['as bundlers do', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('has types that a strict program compiles against, %s', async (_, resolution) => {
    writeFileSync(
      join(project, 'consumer.ts'),
      `import { type Client, createClient, type Options, TestData } from '@sluice/sdk-node';
      import { type PostgresConnection, postgresStore, type ScannedStore } from '@sluice/sdk-node/stores';

      const options: Options = { testData: new TestData().set('banner', 'spring') };
      const sluice: Client = createClient(options);
      const isReady: boolean = await sluice.ready({ timeoutMs: 1000 });
      const ann = { kind: 'user', key: 'ann', country: 'NL' };
      export const isOn: boolean = isReady && sluice.enabled('checkout', ann);
      export const banner: string = sluice.value('banner', ann, 'plain');
      export const limit: number = sluice.value('limit', ann, 5);
      export const { value, reason, version } = sluice.detail('banner', ann, 'plain');
      // @ts-expect-error The type of the default value is a promise.
      export const wrong: number = sluice.value('banner', ann, 'plain');
      // @ts-expect-error There is no such option.
      createClient({ ...options, colour: 'red' });

      interface Order { id: string; total: number }
      declare const pool: PostgresConnection;
      const place = { table: 'orders', key: 'id' };
      export const orders: ScannedStore<Order> = postgresStore<Order>(pool, { ...place, columns: { id: 'id', total: 'total' } });
      // @ts-expect-error The total has no column.
      postgresStore<Order>(pool, { ...place, columns: { id: 'id' } });`,
    );
    const compilerOptions = {
      target: 'es2022',
      ...resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      types: [],
      noEmit: true,
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['consumer.ts'] }));
    const tsc = join(root, 'node_modules', '.bin', 'tsc');
    const { stdout } = await execute(tsc, ['-p', project]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });
});

test('the README lists the SDKs and modes that are tested, in the versions that are installed', () => {
  const rows = readSdkTable(readFileSync(join(root, 'README.md'), 'utf8'));
  expect(rows.map(({ sdk, version, mode }) => ({ sdk, version, mode }))).toEqual(
    launchDarklyModes.map((mode) => ({ sdk: launchDarklySdk, version: findLaunchDarklyVersion(), mode })),
  );
});

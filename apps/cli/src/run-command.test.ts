import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findOldNode } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-run-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly printed: string;
  readonly complained: string;
}

const oldNode = findOldNode();
const nodes: readonly (readonly [name: string, node: string | undefined])[] = [
  ['Node 24', process.execPath],
  ['Node 20', oldNode],
];

describe.each(nodes)('started by %s, sluice run', (name, node) => {
  const testHere = test.skipIf(node === undefined);
  const file = `program-${name.slice(-2)}.ts`;

  function start(...words: readonly string[]): ChildProcess {
    const command = join(import.meta.dirname, '../bin/sluice.mjs');
    const child = spawn(node ?? '', [command, 'run', ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }

  async function run(program: string, ...words: readonly string[]): Promise<Ended> {
    writeFileSync(join(folder, file), program);
    const child = start(file, ...words);
    if (child.stdout === null || child.stderr === null) throw new Error('its output is piped');
    const [printed, complained, [exitCode, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { exitCode, signal, printed, complained };
  }

  testHere('runs a program in TypeScript on Node 24, with its own arguments, options too', async () => {
    const program = `const words: readonly string[] = process.argv;
      console.log(process.versions.node.split('.')[0], words[1]?.endsWith('${file}'), ...words.slice(2));`;
    expect(await run(program, 'a', '--help', '-x')).toEqual({
      exitCode: 0,
      signal: null,
      printed: '24 true a --help -x\n',
      complained: '',
    });
  });

  testHere('lets the program go on as long as it has something to do, and ends as it does', async () => {
    const program = `setTimeout(() => { console.log('later'); process.exitCode = 7; }, 50); process.exitCode = 5;`;
    expect(await run(program)).toMatchObject({ exitCode: 7, printed: 'later\n', complained: '' });
  });

  testHere('says what the program threw, and where', async () => {
    const { exitCode, complained } = await run('throw new Error("no flags today");');
    expect(exitCode).toBe(1);
    expect(complained).toContain('no flags today');
    expect(complained).toContain(`${file}:1`);
  });

  testHere('hands on the wish that it ends', async () => {
    writeFileSync(join(folder, 'waits.mjs'), 'console.log("waits"); setInterval(() => {}, 1000);');
    const child = start('waits.mjs');
    if (child.stdout === null) throw new Error('its output is piped');
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });
});

import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { findFreePort, findOldNode } from '@sluice/testkit';
import { type DocBlock, listDocBlocks } from './doc-blocks.ts';
import { DocSession } from './doc-session.ts';

export const root = join(import.meta.dirname, '..');
export const oldNode = findOldNode();

type Variables = Readonly<Record<string, string | undefined>>;

export function readBlocks(path: string): readonly DocBlock[] {
  return listDocBlocks(readFileSync(join(root, path), 'utf8'));
}

/**
 * As a new user has it: nothing of this repository or the test runner, and the oldest Node that we promise, if it is
 * here: that is linked into the folder. What certificates the network needs is the machine's.
 */
export function createVariables(folder: string, more: Readonly<Record<string, string>> = {}): Variables {
  const { PATH = '', HOME, npm_config_cache, NODE_EXTRA_CA_CERTS } = process.env;
  const path = PATH.split(':').filter((part) => !part.startsWith(root));
  if (oldNode !== undefined) {
    const bin = join(folder, 'old-node');
    mkdirSync(bin, { recursive: true });
    if (!existsSync(join(bin, 'node'))) symlinkSync(oldNode, join(bin, 'node'));
    path.unshift(bin);
  }
  const variables = { HOME, npm_config_cache, NODE_EXTRA_CA_CERTS, ...more };
  return { ...variables, PATH: [more.PATH, ...path].filter(Boolean).join(':') };
}

/**
 * A folder with the same packages: their files are in both, as nobody writes into one that npm installed; what lies beside
 * them is copied.
 */
export function linkFolder(from: string, to: string, isWithin = false): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isDirectory()) linkFolder(source, target, isWithin || entry.name === 'node_modules');
    // The one file that npm writes into.
    else if (isWithin && entry.name !== '.package-lock.json') linkSync(source, target);
    else copyFileSync(source, target);
  }
}

export async function runBlocks(within: string, blocks: readonly DocBlock[], variables: Variables): Promise<void> {
  const session = new DocSession(within, { server: await findFreePort(), edge: await findFreePort() }, variables);
  try {
    for (const block of blocks) await session.run(block);
  } finally {
    await session.close();
  }
}

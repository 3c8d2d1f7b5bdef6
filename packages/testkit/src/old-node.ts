import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The oldest Node that our SDK, and the wrapper of our command, may be started by. */
const oldest = '20';

/** Where this machine has the oldest Node that we promise to work with; undefined, and said loudly: nowhere. */
export function findOldNode(): string | undefined {
  const found = (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, 'node'))
    .find((node) => existsSync(node) && readMajor(node) === oldest);
  if (found === undefined) console.warn(`not run: there is no Node ${oldest} on this machine's PATH`);
  return found;
}

function readMajor(node: string): string | undefined {
  return /^v(\d+)\./.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1];
}

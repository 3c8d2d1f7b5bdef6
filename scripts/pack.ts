/**
 * `npm run pack`: makes what is published, in dist/: a tarball of the Node SDK and one of the server with its command.
 * Both are built JavaScript; the packages of this repository that they need are inside them, and so is the dashboard.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildDashboard, dashboardFolder } from '../apps/dashboard/build.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const built = join(dist, 'build');

/** The parts of a package.json that are read here. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  /** The sources that are the package's doors, by the paths under which they are imported; one alone is `.`. */
  readonly exports: string | Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Folders of our packages by name. */
const folders = new Map(
  globSync(['packages/*/package.json', 'apps/*/package.json'], { cwd: root }).map((path) => [
    readManifest(dirname(path)).name,
    dirname(path),
  ]),
);

function readManifest(folder: string): Manifest {
  // npm refuses what has not this form long before it comes here.
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
}

/** One compilation for all: JavaScript and types, imports of `.ts` rewritten to `.js`. */
function build(): void {
  rmSync(built, { recursive: true, force: true });
  const sources = [...folders.values()]
    .filter((folder) => !folder.endsWith('/testkit') && folder !== 'apps/dashboard')
    .map((folder) => `../${folder}/src`);
  const config = join(dist, 'tsconfig.json');
  mkdirSync(dist, { recursive: true });
  writeJson(config, {
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: '..',
      outDir: 'build',
      typeRoots: ['../node_modules/@types'],
    },
    include: sources,
    exclude: ['../**/*.test.ts'],
  });
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { cwd: root, stdio: 'inherit' });
}

/** Our packages that a package needs, itself excluded. */
function listInternal(name: string, found: Set<string> = new Set()): ReadonlySet<string> {
  for (const dependency of Object.keys(readManifest(folders.get(name) ?? '').dependencies ?? {})) {
    if (!folders.has(dependency) || found.has(dependency)) continue;
    found.add(dependency);
    listInternal(dependency, found);
  }
  return found;
}

/** Lays a package out as it is published, and packs it. Returns the tarball's path. */
function pack(name: string, extra: Partial<Manifest> = {}): string {
  const folder = folders.get(name) ?? '';
  const manifest = readManifest(folder);
  const internal = [...listInternal(name)];
  const stage = join(dist, 'stage', name.replace('/', '-'));
  rmSync(stage, { recursive: true, force: true });
  layOut(folder, stage);
  for (const dependency of internal) {
    const target = join(stage, 'node_modules', dependency);
    layOut(folders.get(dependency) ?? '', target);
    writeJson(join(target, 'package.json'), publishedManifest(readManifest(folders.get(dependency) ?? ''), {}));
  }
  const external = [name, ...internal].flatMap((each) =>
    Object.entries(readManifest(folders.get(each) ?? '').dependencies ?? {}).filter(([needed]) => !folders.has(needed)),
  );
  writeJson(join(stage, 'package.json'), {
    ...publishedManifest(manifest, extra),
    dependencies: Object.fromEntries([...external, ...internal.map((each) => [each, manifest.version])].sort()),
    bundleDependencies: internal,
  });
  // Where the command looks for it.
  if (name === 'sluice') cpSync(dashboardFolder, join(stage, 'dashboard'), { recursive: true });
  for (const file of ['LICENSE', `${folder}/README.md`]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(stage, file.split('/').at(-1) ?? file));
  }
  const output = execFileSync('npm', ['pack', '--silent', '--pack-destination', dist], {
    cwd: stage,
    encoding: 'utf8',
  });
  return join(dist, output.trim());
}

function layOut(folder: string, target: string): void {
  cpSync(join(built, folder, 'src'), join(target, 'dist'), { recursive: true });
  const bin = join(root, folder, 'bin');
  if (!existsSync(bin)) return;
  for (const file of globSync('*.mjs', { cwd: bin })) {
    // In the repository the program is TypeScript.
    const text = readFileSync(join(bin, file), 'utf8').replace('../src/main.ts', '../dist/main.js');
    mkdirSync(join(target, 'bin'), { recursive: true });
    writeFileSync(join(target, 'bin', file), text, { mode: 0o755 });
  }
}

function publishedManifest(
  { name, version, description, license, engines, bin, exports }: Manifest,
  extra: Partial<Manifest>,
): object {
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    ...(engines !== undefined && { engines }),
    ...(bin !== undefined && { bin }),
    exports: Object.fromEntries(
      Object.entries(typeof exports === 'string' ? { '.': exports } : exports).map(([path, source]) => {
        const built = source.replace('/src/', '/dist/').replace(/\.ts$/, '');
        return [path, { types: `${built}.d.ts`, default: `${built}.js` }];
      }),
    ),
    ...extra,
  };
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

await buildDashboard();
build();
const { optionalDependencies = {} } = readManifest('.');
for (const tarball of [pack('@sluice/sdk-node'), pack('sluice', { optionalDependencies })]) console.log(tarball);

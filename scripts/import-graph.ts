import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What each package may import: packages of this repository by folder name, others by their own name. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  stats: [],
  protocol: ['engine', 'stats'],
  authoring: ['engine', 'zod'],
  delivery: ['protocol', 'engine'],
  'sdk-common': ['protocol', 'engine', 'stats'],
  'sdk-node': ['sdk-common', 'protocol', 'engine'],
  'api-client': ['authoring', 'engine'],
  'control-plane': ['api-client', 'delivery', 'authoring', 'protocol', 'engine', 'stats'],
  dashboard: ['api-client', 'authoring', 'engine'],
  edge: ['delivery', 'protocol', 'engine'],
  shop: ['sdk-node', 'api-client'],
  cli: ['control-plane', 'edge', 'sdk-node', 'api-client', 'authoring', 'protocol', 'engine'],
};

/** Packages that run anywhere: nothing of the platform, not even Node's own modules. */
const pure = new Set(['engine', 'stats', 'protocol', 'authoring', 'sdk-common']);

/** What must arrive as an argument. Files named main.ts and platform.ts are where it comes from. */
const ambient: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: 'the clock', pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/ },
  { name: 'randomness', pattern: /\bMath\.random\(|import \{[^}]*\brandom\w*[^}]*\} from 'node:crypto'/ },
  { name: 'the process', pattern: /\bprocess\.(?!stdout\.isTTY)/ },
];

/** Here code is text that people copy. */
const texts = 'apps/dashboard/src/flag/snippets.ts';

const timers = /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\(/;

/** Checks every source file against the package graph; returns one line for each violation. */
export function findGraphViolations(root: string): readonly string[] {
  const files = globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.{ts,tsx}', 'examples/*/src/**/*.ts'], {
    cwd: root,
  });
  return files.filter((file) => !file.endsWith('.test.ts') && file !== texts).flatMap((file) => checkFile(root, file));
}

function checkFile(root: string, file: string): readonly string[] {
  const [, packageName = ''] = file.split('/');
  if (packageName === 'testkit') return [];
  const may = allowed[packageName];
  if (may === undefined) return [`${file}: package ${packageName} is not in the graph of scripts/import-graph.ts`];
  const source = readFileSync(join(root, file), 'utf8');
  const violations = listImports(source).flatMap((specifier) => checkImport(specifier, packageName, may));
  if (!/(?:^|\/)(?:main|platform)\.ts$/.test(file)) violations.push(...findAmbient(source, packageName));
  return violations.map((violation) => `${relative(root, join(root, file))}: ${violation}`);
}

function checkImport(specifier: string, packageName: string, may: readonly string[]): string[] {
  if (specifier.startsWith('.')) return [];
  const isPure = pure.has(packageName);
  if (specifier.startsWith('node:')) return isPure ? [`imports ${specifier}, but ${packageName} is pure`] : [];
  const sibling = /^@sluice\/([^/]+)/.exec(specifier)?.[1];
  if (sibling !== undefined)
    return may.includes(sibling) ? [] : [`imports ${specifier}; ${packageName} may import ${may}`];
  return isPure && !may.includes(specifier) ? [`imports ${specifier}, but ${packageName} is pure`] : [];
}

function listImports(source: string): readonly string[] {
  return [...source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, specifier = '']) => specifier);
}

function findAmbient(source: string, packageName: string): readonly string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '');
  const found = ambient.filter(({ pattern }) => pattern.test(code)).map(({ name }) => name);
  if (pure.has(packageName) && timers.test(code)) found.push('timers or the network');
  return found.map((name) => `touches ${name}; it must arrive as an argument`);
}

import type { Place } from '@sluice/api-client';
import { edgeOptions, parseEdgeSettings } from '@sluice/edge/basics';
import { type Command, defineCommand } from './command.ts';
import { connect, connectionOptions } from './connection.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { loadEdge, loadPino } from './server-parts.ts';
import { formatTable, formatTime } from './table.ts';

export const edgeCommands: readonly Command[] = [
  defineCommand({
    name: 'edge',
    summary: 'run an edge until it is asked to stop: serves SDKs from what a server, or an edge, above it has',
    arguments: [],
    options: {
      upstream: { type: 'string', value: 'URL', help: describe('upstream') },
      credential: { type: 'string', value: 'KEY', help: describe('credential') },
      host: { type: 'string', value: 'ADDRESS', help: describe('host') },
      port: { type: 'string', value: 'PORT', help: describe('port') },
      data: { type: 'string', value: 'FOLDER', help: describe('data') },
      workers: { type: 'string', value: 'N', help: describe('workers') },
      'log-level': { type: 'string', value: 'LEVEL', help: describe('log-level') },
      'tls-cert': { type: 'string', value: 'FILE', help: describe('tls-cert') },
      'tls-key': { type: 'string', value: 'FILE', help: describe('tls-key') },
    },
    examples: ['sluice edge --upstream https://flags.example.com --credential edge-… --workers 2'],
    run: async ({ options, platform, output }) => {
      const settings = parseEdgeSettings(options, platform.variables);
      const { nodeEdgePlatform, startEdge } = await loadEdge();
      const { pino } = await loadPino();
      const log = pino({ level: settings.logLevel });
      const { url, close } = await startEdge(settings, nodeEdgePlatform, log);
      const askedToEnd = platform.untilAskedToEnd();
      platform.finishStart();
      if (platform.isTerminal) {
        output.print(
          `This edge serves SDKs at ${url}, from ${settings.upstream}; what it has is kept in ${settings.data}.`,
        );
        output.print(`How it is: ${url}/status`);
      }
      const signal = await askedToEnd;
      log.info({ signal }, 'stopping');
      await close();
      return undefined;
    },
  }),

  defineCommand({
    name: 'edge create',
    summary: 'make the key of an edge, for one environment or several',
    arguments: ['NAME'],
    options: {
      ...connectionOptions,
      for: {
        type: 'string',
        multiple: true,
        value: 'PROJECT/ENVIRONMENT',
        help: 'what it may serve; may be repeated. Without: the environment of -p and -e',
      },
    },
    examples: ['sluice edge create frankfurt-1', 'sluice edge create lab --for default/staging --for shop/staging'],
    run: async ({ words: [name = ''], options, platform, output }) => {
      const { api, place, url } = connect(options, platform);
      const environments = options.for === undefined ? [place] : options.for.map(parsePlace);
      const edge = await api.createEdge({ name, environments });
      if (options.json === true) {
        output.printJson(edge);
        return undefined;
      }
      output.print(`Created edge ${name}. Its key is shown only now:`);
      output.print(`  ${edge.key}`);
      output.print(`Run it with: sluice edge --upstream ${url} --credential ${edge.key}`);
      return undefined;
    },
  }),

  defineCommand({
    name: 'edge list',
    summary: 'list edges',
    arguments: [],
    options: connectionOptions,
    examples: ['sluice edge list'],
    run: async ({ options, platform, output }) => {
      const { items } = await connect(options, platform).api.listEdges();
      if (options.json === true) {
        output.printJson(items);
        return undefined;
      }
      const rows = items.map(({ id, name, isConnected, lastUsedAt, environments }) => [
        id,
        name,
        isConnected ? 'connected' : 'away',
        isConnected ? 'now' : lastUsedAt === null ? 'never' : formatTime(lastUsedAt),
        environments.map(({ project, environment }) => `${project}/${environment}`).join(', '),
      ]);
      output.print(
        rows.length === 0
          ? 'There are no edges. Create one with: sluice edge create NAME'
          : formatTable(['ID', 'NAME', 'STATE', 'LAST SEEN', 'SERVES'], rows, output.width),
      );
      return undefined;
    },
  }),

  defineCommand({
    name: 'edge revoke',
    summary: "take an edge's key back: its link ends at once",
    arguments: ['ID-OR-NAME'],
    options: connectionOptions,
    examples: ['sluice edge revoke frankfurt-1'],
    run: async ({ words: [given = ''], options, platform, output }) => {
      const { api } = connect(options, platform);
      const { items } = await api.listEdges();
      const found = items.filter(({ id, name }) => id === given || name === given);
      const [edge] = found;
      if (edge === undefined)
        throw new CommandError(exitCodes.refused, `there is no edge ${given}`, 'See: sluice edge list');
      if (found.length > 1) throw usageError(`there are ${found.length} edges called ${given}; give the id of one`);
      await api.revokeEdge(edge.id);
      if (options.json === true) output.printJson({ revoked: edge.id });
      else output.print(`The key of edge ${edge.name} is not valid any more.`);
      return undefined;
    },
  }),
];

function describe(name: keyof typeof edgeOptions): string {
  const { help, variable, fallback } = edgeOptions[name];
  return `${help} (${variable}${fallback === undefined ? '' : `, ${fallback}`})`;
}

function parsePlace(given: string): Place {
  const [project = '', environment = '', ...rest] = given.split('/');
  if (project === '' || environment === '' || rest.length > 0)
    throw usageError(`--for must be PROJECT/ENVIRONMENT, got "${given}"`);
  return { project, environment };
}

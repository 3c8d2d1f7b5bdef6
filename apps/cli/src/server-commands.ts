import type { FirstStart } from '@sluice/control-plane';
import { describeDatabase, parseSettings, serverOptions, serverVersion } from '@sluice/control-plane/basics';
import { type Command, defineCommand } from './command.ts';
import { parseOptions } from './errors.ts';
import { loadPino, loadServer } from './server-parts.ts';

export const serverCommands: readonly Command[] = [
  defineCommand({
    name: 'server start',
    summary: 'run the server until it is asked to stop',
    arguments: [],
    options: {
      host: { type: 'string', value: 'ADDRESS', help: describe('host') },
      port: { type: 'string', value: 'PORT', help: describe('port') },
      data: { type: 'string', value: 'FOLDER', help: describe('data') },
      'database-url': { type: 'string', value: 'URL', help: describe('database-url') },
      'log-level': { type: 'string', value: 'LEVEL', help: describe('log-level') },
      'payload-limit-mb': { type: 'string', value: 'MB', help: describe('payload-limit-mb') },
      workers: { type: 'string', value: 'N', help: describe('workers') },
      'tls-cert': { type: 'string', value: 'FILE', help: describe('tls-cert') },
      'tls-key': { type: 'string', value: 'FILE', help: describe('tls-key') },
      'public-url': { type: 'string', value: 'URL', help: describe('public-url') },
      'trusted-proxies': { type: 'string', value: 'ADDRESSES', help: describe('trusted-proxies') },
    },
    examples: ['sluice server start', 'sluice server start --host 0.0.0.0 --data /var/lib/sluice'],
    run: async ({ options, platform, output }) => {
      const settings = parseOptions(() => parseSettings(options, platform.variables));
      const { nodePlatform, startServer } = await loadServer();
      const { pino } = await loadPino();
      const log = pino({ level: settings.logLevel });
      const { url, firstStart, close } = await startServer(settings, {
        platform: nodePlatform,
        log,
        dashboard: platform.dashboard,
      });
      // Before anybody is told that it runs: whoever hears of that may ask it to end.
      const askedToEnd = platform.untilAskedToEnd();
      platform.finishStart();
      const { databaseUrl } = settings;
      const data = databaseUrl === undefined ? platform.resolvePath(settings.data) : describeDatabase(databaseUrl);
      if (platform.isTerminal) output.print(greet(url, { data, folder: settings.data, firstStart }));
      else {
        if (firstStart !== undefined) log.warn({ data }, describeNew(data).join(' '));
        log.info({ url, data, version: serverVersion, firstStart: firstStart?.file }, 'Sluice is running');
      }
      const signal = await askedToEnd;
      if (platform.isTerminal) output.print('Stopping; press Ctrl-C again to stop at once.');
      else log.info({ signal }, 'stopping');
      await close();
      return undefined;
    },
  }),
];

function describe(name: keyof typeof serverOptions): string {
  const { help, variable, fallback } = serverOptions[name];
  return `${help} (${variable}${fallback === undefined ? '' : `, ${fallback}`})`;
}

/** Whoever mistyped a folder is not to find out by flags that are not there. */
function describeNew(data: string): readonly string[] {
  return [
    `This is a NEW, EMPTY installation in ${data}.`,
    'If flags should be here already, stop it and look at --data (SLUICE_DATA).',
  ];
}

interface Greeting {
  readonly data: string;
  /** The data folder as it was given. */
  readonly folder: string;
  readonly firstStart: FirstStart | undefined;
}

/** What to do next. Keys are shown once, and only to a person. */
function greet(url: string, { data, folder, firstStart }: Greeting): readonly string[] {
  const news =
    firstStart === undefined
      ? []
      : [
          ...describeNew(data),
          '',
          `  SDK key    ${firstStart.sdkKey}`,
          `  API token  ${firstStart.apiToken}`,
          `  they are in ${firstStart.file}, which only you can read`,
          '',
          `Log in as the first administrator: ${firstStart.setupLink}`,
        ];
  return [
    `Sluice ${serverVersion} is running at ${url}, with its data in ${data}.`,
    ...news,
    '',
    'In another terminal, in this folder:',
    ...(folder === serverOptions.data.fallback ? [] : [`  export SLUICE_DATA='${folder}'`]),
    '  npx sluice flag create new-checkout   create a flag, turned off',
    '  npx sluice flag on new-checkout       turn it on: connected SDKs serve it within a second',
    '  npx sluice help                       everything else',
  ];
}

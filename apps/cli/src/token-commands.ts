import { type Command, defineCommand } from './command.ts';
import { findPlace, placeOptions } from './data-place.ts';
import { usageError } from './errors.ts';
import { loadPino, loadServer } from './server-parts.ts';

export const tokenCommands: readonly Command[] = [
  defineCommand({
    name: 'token create',
    summary: 'make an API token when none is left; a server on the embedded database must be stopped',
    arguments: [],
    options: {
      name: { type: 'string', value: 'NAME', help: 'whose it is: its changes bear this name' },
      ...placeOptions,
    },
    examples: [
      'sluice token create --name ann',
      'sluice token create --name ann --database-url postgres://sluice@db/sluice',
    ],
    run: async ({ options, platform, output }) => {
      const { name } = options;
      if (!name) throw usageError('--name is missing', 'See: sluice token create --help');
      const place = findPlace(options, platform);
      const { createOfflineToken, nodePlatform } = await loadServer();
      const { pino } = await loadPino();
      const { token } = await createOfflineToken(place, name, {
        platform: nodePlatform,
        log: pino({ level: 'silent' }),
      });
      output.print(`Made an API token for ${name}. It may do everything, and is shown only now:`);
      output.print(token);
      return undefined;
    },
  }),
];

import { describeDatabase } from '@sluice/control-plane/basics';
import { type Command, defineCommand } from './command.ts';
import { findPlace, placeOptions } from './data-place.ts';
import { loadServer } from './server-parts.ts';

export const backupCommands: readonly Command[] = [
  defineCommand({
    name: 'backup create',
    summary: 'write everything to one file; the server may be running',
    arguments: ['[FILE]'],
    options: placeOptions,
    examples: ['sluice backup create', 'sluice backup create /backups/sluice-monday.db'],
    run: async ({ words: [given], options, platform, output }) => {
      const stamp = new Date(platform.now()).toISOString().replaceAll(/[:.]/g, '-').slice(0, 19);
      const place = findPlace(options, platform);
      const { createBackup, nodePlatform } = await loadServer();
      const { file, sizeBytes } = await createBackup(place, given ?? `sluice-backup-${stamp}.db`, {
        ...nodePlatform,
        now: platform.now,
      });
      output.print(`Wrote ${file} (${(sizeBytes / 1024 / 1024).toFixed(1)} MB).`);
      output.print('It holds keys of your environments: keep it as you keep passwords.');
      return undefined;
    },
  }),

  defineCommand({
    name: 'backup restore',
    summary: "put a backup in place of a server's data; the server must be stopped",
    arguments: ['FILE'],
    options: {
      ...placeOptions,
      replace: { type: 'boolean', help: 'also into a PostgreSQL database that is not empty; what is there is lost' },
    },
    examples: [
      'sluice backup restore sluice-backup-2026-11-23T03-07-41.db',
      'sluice backup restore monday.db --database-url postgres://sluice@db/sluice --replace',
    ],
    run: async ({ words: [file = ''], options, platform, output }) => {
      const place = findPlace(options, platform);
      const secret = platform.variables.SLUICE_SECRET || undefined;
      const { nodePlatform, restoreBackup } = await loadServer();
      const { environments, replaced, secretFile } = await restoreBackup(file, place, {
        platform: nodePlatform,
        secret,
        replace: options.replace === true,
      });
      const { folder, databaseUrl } = place;
      output.print(`Restored ${file} into ${databaseUrl === undefined ? folder : describeDatabase(databaseUrl)}.`);
      for (const { project, environment, version } of environments) {
        output.print(`  ${project}/${environment} goes on at version ${version}`);
      }
      if (replaced !== undefined) output.print(`What was there before is kept as ${replaced}.`);
      if (databaseUrl !== undefined && secretFile !== undefined) {
        output.print(`Every server on it needs the secret in ${secretFile}: set SLUICE_SECRET to it.`);
      }
      return undefined;
    },
  }),
];

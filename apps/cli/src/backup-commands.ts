import { createBackup, nodePlatform, restoreBackup } from '@sluice/control-plane';
import { type Command, defineCommand } from './command.ts';

const dataOption = {
  data: { type: 'string', value: 'FOLDER', help: 'data folder of the server (SLUICE_DATA, ./data)' },
} as const;

export const backupCommands: readonly Command[] = [
  defineCommand({
    name: 'backup create',
    summary: 'write everything to one file; the server may be running',
    arguments: ['[FILE]'],
    options: dataOption,
    examples: ['sluice backup create', 'sluice backup create /backups/sluice-monday.db'],
    run: async ({ words: [given], options, platform }) => {
      const folder = options.data ?? platform.variables.SLUICE_DATA ?? './data';
      const now = platform.now();
      const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, '-').slice(0, 19);
      const { file, sizeBytes } = createBackup(folder, given ?? `sluice-backup-${stamp}.db`, now);
      platform.print(`Wrote ${file} (${(sizeBytes / 1024 / 1024).toFixed(1)} MB).`);
      platform.print('It holds keys of your environments: keep it as you keep passwords.');
      return undefined;
    },
  }),

  defineCommand({
    name: 'backup restore',
    summary: "put a backup in place of a server's data; the server must be stopped",
    arguments: ['FILE'],
    options: dataOption,
    examples: ['sluice backup restore sluice-backup-2026-11-23T03-07-41.db'],
    run: async ({ words: [file = ''], options, platform }) => {
      const folder = options.data ?? platform.variables.SLUICE_DATA ?? './data';
      const secret = platform.variables.SLUICE_SECRET || undefined;
      const { environments, replaced } = await restoreBackup(file, folder, { platform: nodePlatform, secret });
      platform.print(`Restored ${file} into ${folder}.`);
      for (const { project, environment, version } of environments) {
        platform.print(`  ${project}/${environment} goes on at version ${version}`);
      }
      if (replaced !== undefined) platform.print(`What was there before is kept as ${replaced}.`);
      return undefined;
    },
  }),
];

import { backupCommands } from './backup-commands.ts';
import type { Command } from './command.ts';
import { configCommands } from './config-commands.ts';
import { edgeCommands } from './edge-commands.ts';
import { evaluateCommand } from './evaluate-command.ts';
import { flagCommands } from './flag-commands.ts';
import { fleetCommands } from './fleet-commands.ts';
import { migrationCommands } from './migration-commands.ts';
import { peopleCommands } from './people-commands.ts';
import { providerSetCommands } from './provider-set-commands.ts';
import { providersCommands } from './providers-commands.ts';
import { revertCommand } from './revert-command.ts';
import { runCommand } from './run-command.ts';
import { serverCommands } from './server-commands.ts';
import { tokenCommands } from './token-commands.ts';
import { valveCommands } from './valve-commands.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  ...flagCommands,
  ...valveCommands,
  ...configCommands,
  ...migrationCommands,
  ...providerSetCommands,
  ...providersCommands,
  revertCommand,
  evaluateCommand,
  ...fleetCommands,
  ...serverCommands,
  ...edgeCommands,
  ...peopleCommands,
  ...backupCommands,
  ...tokenCommands,
  runCommand,
];

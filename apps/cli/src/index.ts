export { runCommandLine } from './command-line.ts';
export { type CommandPlatform, nodeCommandPlatform } from './platform.ts';

import { enableCompileCache } from 'node:module';

// Before anything else is loaded: starts in half the time and with less memory from the second time on.
enableCompileCache();
const { runCommandLine } = await import('./command-line.ts');
const { nodeCommandPlatform } = await import('./platform.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), nodeCommandPlatform);

/** Preloaded into processes to prove that the proof works: whoever claims a message has it, also when another does. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { open } = fs.promises;
fs.promises.open = (path, flags, mode) => open(path, String(path).endsWith('.claim') ? 'w' : flags, mode);
syncBuiltinESMExports();

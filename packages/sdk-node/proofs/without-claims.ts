/** Preloaded into processes to prove that the proof works: whoever claims a message has it, also when another does. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { rename, rm } = fs.promises;
fs.promises.rename = async (from, to) => {
  if (String(to).endsWith('.claim')) await rm(to, { recursive: true, force: true });
  await rename(from, to);
};
syncBuiltinESMExports();

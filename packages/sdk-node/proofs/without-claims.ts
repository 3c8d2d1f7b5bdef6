/**
 * Preloaded into processes to prove that the proof works: whoever claims a message has it, also when another does, and
 * takes its time before it begins, so that two do at once.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout } from 'node:timers/promises';

const { rename, rm } = fs.promises;
fs.promises.rename = async (from, to) => {
  const isClaim = String(to).endsWith('.claim');
  if (isClaim) await rm(to, { recursive: true, force: true });
  await rename(from, to);
  if (isClaim) await setTimeout(20);
};
syncBuiltinESMExports();

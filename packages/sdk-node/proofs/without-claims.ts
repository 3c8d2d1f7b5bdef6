/**
 * Preloaded into processes to prove that the proof works: whoever claims a message has it, also when another does, and
 * goes on at the next of moments that all processes have in common, so that two look and begin at once.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout } from 'node:timers/promises';

const momentMs = 500;
const { rename, rm } = fs.promises;
fs.promises.rename = async (from, to) => {
  const isClaim = String(to).endsWith('.claim');
  if (isClaim) await rm(to, { recursive: true, force: true });
  await rename(from, to);
  if (isClaim) await setTimeout(momentMs - (Date.now() % momentMs));
};
syncBuiltinESMExports();

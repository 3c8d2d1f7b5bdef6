import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const installed = process.env.SLUICE_TEST_CHROMIUM ?? '/usr/bin/chromium';

/** Whether there is a browser to test with; in CI its absence is a failure. */
export function hasBrowser(): boolean {
  if (existsSync(installed)) return true;
  const message = `there is no Chromium at ${installed} (Debian: chromium; SLUICE_TEST_CHROMIUM names another)`;
  if (process.env.CI === 'true') throw new Error(message);
  console.error(`not run: the journeys through the dashboard; ${message}`);
  return false;
}

export function launchBrowser(): Promise<Browser> {
  // Whoever is root, as in many containers, has no sandbox of Chromium's; the pages are our own. And a processor that
  // stands in for a graphics card has better things to do.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-gpu-rasterization'];
  return chromium.launch({ executablePath: installed, args });
}

import { keep, readKept } from '../platform.ts';

/** So many are remembered; the one that is open is among them. */
const kept = 6;

/** Remembers a page of an environment: `/shop/production/flags/checkout`. */
export function notePlace(path: string): void {
  const [, , environment, page] = path.split('/');
  if (environment === undefined || page === undefined || page === '') return;
  keep('places', [path, ...readPlaces().filter((other) => other !== path)].slice(0, kept));
}

/** The newest first. */
export function readPlaces(): readonly string[] {
  return readKept<readonly string[]>('places', []);
}

import { fullWeight } from '@sluice/authoring';
import { usageError } from './errors.ts';

/** A share in thousandths of a percent. `name`: of what was typed. */
export function parsePercent(name: string, given: string): number {
  const match = /^(\d{1,3}(?:\.\d{1,3})?)%?$/.exec(given);
  const weight = match === null ? Number.NaN : Math.round(Number(match[1]) * 1000);
  if (weight >= 0 && weight <= fullWeight) return weight;
  throw usageError(`${name} must be a number from 0 to 100, with at most three decimals, got "${given}"`);
}

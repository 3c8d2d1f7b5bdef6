import { fullWeight } from '@sluice/authoring';

/** Shares that are one press away, in percent. */
const percents = [1, 5, 10, 25, 50, 100] as const;

/** Of the steps those that go beyond what is there already, in thousandths of a percent. */
export function listSteps(weight: number): readonly number[] {
  return percents.map((percent) => percent * (fullWeight / 100)).filter((step) => step > weight);
}

/** Of what people write, such as `2.5`; undefined: no share. */
export function parseShare(text: string): number | undefined {
  const trimmed = text.trim().replace(/\s*%$/, '');
  if (!/^\d+(\.\d+)?$/.test(trimmed)) return undefined;
  const weight = Math.round(Number(trimmed) * (fullWeight / 100));
  return weight > 0 && weight <= fullWeight ? weight : undefined;
}

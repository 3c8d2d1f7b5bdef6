/** Somebody for whom flags are evaluated, before a subject makes its own kind of context of it. */
export interface Person {
  readonly key: string;
  readonly country: string;
  readonly plan: string;
  readonly email: string;
  readonly seats: number;
}

export const peopleCount = 10_000;

const countries = ['de', 'at', 'ch', 'fr', 'it', 'es', 'nl', 'se', 'dk', 'no'] as const;
const plans = ['free', 'pro', 'enterprise'] as const;
/** One in a hundred has an address of each of these forms, so that every rule matches somebody. */
const rareAddresses: readonly ((key: string) => string)[] = [
  (key) => `${key}@staff.example`,
  (key) => `${key}+test@mail.example`,
  (key) => `admin-${key}@mail.example`,
];

/** Evenly spread over [0, 1), and always the same for the same number: nothing here depends on chance. */
export function scramble(seed: number): number {
  let mixed = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** Long enough that the engine does not make one string of all that are equal, as it does with short ones. */
export function createKey(number: number): string {
  return `user-${String(number).padStart(8, '0')}`;
}

/** People in the order in which they ask; `numberOf` says which key the one at an index has. */
export function createPeople(numberOf: (index: number) => number): readonly Person[] {
  const people = Array.from({ length: peopleCount }, (_, index): Person => {
    const key = createKey(numberOf(index));
    return {
      key,
      country: scramble(index * 5) < 0.01 ? 'is' : pick(countries, scramble(index * 5 + 1)),
      plan: pick(plans, scramble(index * 5 + 2)),
      email: (rareAddresses[Math.floor(scramble(index * 5 + 3) * 100)] ?? mailAddress)(key),
      seats: Math.floor(scramble(index * 5 + 4) * 1000),
    };
  });
  return throughJson(people);
}

/** What arrives as JSON has flat strings of its own, while what is put together here has the engine's ropes. */
export function throughJson<T>(data: T): T {
  // It is what it was.
  return JSON.parse(JSON.stringify(data)) as T;
}

function mailAddress(key: string): string {
  return `${key}@mail.example`;
}

function pick(list: readonly [string, ...string[]], place: number): string {
  return list[Math.floor(place * list.length)] ?? list[0];
}

import { describeMalformation, listOf, type Malformation, objectOf, optional, type Shape, shape } from './shape.ts';

/** `active`: gets messages; `standby`: the warm share, and all when the active ones fail; `drained`: nothing. */
export type ProviderState = 'active' | 'standby' | 'drained';

/**
 * What to do with a message of which nobody knows whether the provider accepted it: leave it to people, try again
 * only where the provider recognises the message, or risk that it arrives twice.
 */
export type AmbiguousPolicy = 'never' | 'idempotent-only' | 'allow-duplicate';

export interface ProviderPlace {
  readonly name: string;
  readonly state: ProviderState;
  /** Percent of the first tries. What the shares leave goes to the first active provider that has none. */
  readonly share?: number;
  /** In each process that sends. */
  readonly maxPerSecond?: number;
}

/** The value of a provider set: who sends, in the order of failing over. */
export interface ProviderOrder {
  readonly providers: readonly ProviderPlace[];
  readonly ambiguous: AmbiguousPolicy;
  /** For how long a provider that failed must be well before it gets messages as before. */
  readonly dwellMs: number;
  /** Percent of the first tries that each provider on standby gets, so that it is known to work. */
  readonly warmShare: number;
}

export const providerDefaults = { dwellMs: 300_000, warmShare: 5 } as const;

const mostPerSecond = 100_000;
const mostDwellMs = 86_400_000;
/** Of all providers on standby together. */
const mostWarm = 50;

function oneOf(...words: readonly string[]): Shape {
  return shape(`one of ${words.join(', ')}`, (value) => words.includes(value as string));
}

function numberFrom(least: number, most: number): Shape {
  return shape(
    `a number from ${least} to ${most}`,
    (value) => typeof value === 'number' && value >= least && value <= most,
  );
}

const aName = shape('a name that is not empty', (value) => typeof value === 'string' && value !== '');
const aRate = shape(
  `a number above 0, at most ${mostPerSecond}`,
  (value) => typeof value === 'number' && value > 0 && value <= mostPerSecond,
);

const orderShape = objectOf({
  providers: listOf(
    objectOf({
      name: aName,
      state: oneOf('active', 'standby', 'drained'),
      share: optional(numberFrom(0, 100)),
      maxPerSecond: optional(aRate),
    }),
  ),
  ambiguous: oneOf('never', 'idempotent-only', 'allow-duplicate'),
  dwellMs: optional(numberFrom(0, mostDwellMs)),
  warmShare: optional(numberFrom(0, 100)),
});

/** JSON Schema of every value of a provider set; what its parts are together is checked by whoever reads it. */
export const providerOrderSchema = {
  type: 'object',
  required: ['providers', 'ambiguous'],
  properties: {
    providers: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['name', 'state'],
        properties: {
          name: { type: 'string', minLength: 1 },
          state: { enum: ['active', 'standby', 'drained'] },
          share: { type: 'number', minimum: 0, maximum: 100 },
          maxPerSecond: { type: 'number', exclusiveMinimum: 0, maximum: mostPerSecond },
        },
      },
    },
    ambiguous: { enum: ['never', 'idempotent-only', 'allow-duplicate'] },
    dwellMs: { type: 'number', minimum: 0, maximum: mostDwellMs },
    warmShare: { type: 'number', minimum: 0, maximum: 100 },
  },
};

/** Reads the value of a provider set; properties that are not known are left out. */
export function parseProviderOrder(value: unknown): ProviderOrder | Malformation {
  const wrong = orderShape(value, '');
  if (wrong !== undefined) return wrong;
  // The shape says so.
  const { providers, ambiguous, dwellMs, warmShare } = value as Pick<ProviderOrder, 'providers' | 'ambiguous'> & {
    readonly dwellMs?: number | null;
    readonly warmShare?: number | null;
  };
  const order: ProviderOrder = {
    providers: providers.map(readPlace),
    ambiguous,
    dwellMs: dwellMs ?? providerDefaults.dwellMs,
    warmShare: warmShare ?? providerDefaults.warmShare,
  };
  return findContradiction(order) ?? order;
}

/** In words: `providers[1].share must be …, got …`; undefined when the value is a provider set's. */
export function findProviderOrderProblem(value: unknown): string | undefined {
  const parsed = parseProviderOrder(value);
  return 'expected' in parsed ? describeMalformation(parsed) : undefined;
}

function readPlace({ name, state, share, maxPerSecond }: ProviderPlace): ProviderPlace {
  // Null counts as absent, as everywhere on the wire.
  return {
    name,
    state,
    ...(typeof share === 'number' && { share }),
    ...(typeof maxPerSecond === 'number' && { maxPerSecond }),
  };
}

/** What every part allows, and all of them together do not. */
function findContradiction({ providers, warmShare }: ProviderOrder): Malformation | undefined {
  if (providers.length === 0) return { path: 'providers', expected: 'a list of at least one', found: 'an empty list' };
  for (const [index, { name, state, share }] of providers.entries()) {
    const path = `providers[${index}]`;
    const first = providers.findIndex((other) => other.name === name);
    if (first < index) {
      return {
        path: `${path}.name`,
        expected: 'a name that no other has',
        found: `${JSON.stringify(name)}, as providers[${first}]`,
      };
    }
    if (share !== undefined && state !== 'active') {
      return { path: `${path}.share`, expected: 'left out unless the state is active', found: `${share} (${state})` };
    }
  }
  return findShareContradiction(providers) ?? findWarmContradiction(providers, warmShare);
}

function findShareContradiction(providers: readonly ProviderPlace[]): Malformation | undefined {
  const active = providers.filter(({ state }) => state === 'active');
  const sum = active.reduce((total, { share = 0 }) => total + share, 0);
  const isWhole = active.length > 0 && active.every(({ share }) => share !== undefined);
  // Thirds do not add up exactly.
  if (isWhole ? Math.abs(sum - 100) < 0.01 : sum <= 100) return undefined;
  const expected = isWhole
    ? 'shares of active ones that add up to 100, or one without'
    : 'shares that add up to 100 or less';
  return { path: 'providers', expected, found: `${sum}` };
}

function findWarmContradiction(providers: readonly ProviderPlace[], warmShare: number): Malformation | undefined {
  const count = providers.filter(({ state }) => state === 'standby').length;
  if (warmShare * count <= mostWarm) return undefined;
  return {
    path: 'warmShare',
    expected: `at most ${mostWarm} for all on standby together`,
    found: `${warmShare} for each of ${count}`,
  };
}

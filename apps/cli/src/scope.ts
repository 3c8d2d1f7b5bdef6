import type { InstructionInput } from '@sluice/authoring';
import type { Option } from './command.ts';
import { usageError } from './errors.ts';

type Clause = Extract<InstructionInput, { kind: 'set-override' }>['when'][number];

/** Options that say whom something concerns. */
export const scopeOptions = {
  account: { type: 'string', multiple: true, value: 'KEY', help: 'only for this account; as all of these, repeatable' },
  user: { type: 'string', multiple: true, value: 'KEY', help: 'only for this user' },
  route: {
    type: 'string',
    multiple: true,
    value: 'ROUTE',
    help: 'only on this route: /search, "/orders/*" (* is all but /, ** is all), job:nightly',
  },
  method: { type: 'string', multiple: true, value: 'METHOD', help: 'only requests like this: GET' },
  ip: { type: 'string', multiple: true, value: 'NETWORK', help: 'only clients in this network: 10.0.0.0/8' },
  instance: {
    type: 'string',
    multiple: true,
    value: 'KEY',
    help: 'only on this instance, or all like this: region=eu-1',
  },
  segment: { type: 'string', multiple: true, value: 'KEY', help: 'only for members of this segment' },
} as const satisfies Record<string, Option>;

type ScopeOption = keyof typeof scopeOptions;
export type ScopeValues = { readonly [Name in ScopeOption]?: readonly string[] | undefined };

/** Values of one option are alternatives; what different options say must all be so. */
export function parseClauses(options: ScopeValues): Clause[] {
  return [
    ...listValues('account', options, (keys) => [among('account', 'key', keys)]),
    ...listValues('user', options, (keys) => [among('user', 'key', keys)]),
    ...listValues('route', options, (routes) => [onRoutes(routes)]),
    ...listValues('method', options, (methods) => [
      among(
        'request',
        'method',
        methods.map((method) => method.toUpperCase()),
      ),
    ]),
    ...listValues('ip', options, (networks) => [{ ...among('request', 'ip', networks), op: 'cidr' }]),
    ...listValues('instance', options, onInstances),
    ...listValues('segment', options, (segments) => [{ op: 'segmentMatch', values: [...segments] }]),
  ];
}

function listValues(
  name: ScopeOption,
  { [name]: values = [] }: ScopeValues,
  toClauses: (values: readonly string[]) => readonly Clause[],
): readonly Clause[] {
  if (values.includes('')) throw usageError(`--${name} must not be empty`);
  return values.length === 0 ? [] : toClauses(values);
}

function among(contextKind: string, attribute: string, values: Iterable<string | number | boolean>): Clause {
  return { contextKind, attribute, op: 'in', values: [...values] };
}

/** A `*` makes patterns of them, where other routes stand for themselves. */
function onRoutes(routes: readonly string[]): Clause {
  // Without this, what a typing error leads to is a change that concerns nobody.
  const odd = routes.find((route) => !/^[/*]|:/.test(route));
  if (odd !== undefined) {
    throw usageError(
      `--route must be a route as it is in the code, such as /search, /items/:id or job:nightly, got "${odd}"`,
    );
  }
  const isPattern = (route: string): boolean => route.includes('*');
  if (!routes.some(isPattern)) return among('request', 'route', routes);
  const patterns = routes.map((route) => (isPattern(route) ? route : route.replaceAll(/[?\\]/g, String.raw`\$&`)));
  return { ...among('request', 'route', patterns), op: 'glob' };
}

/** Keys of instances, or what they say of themselves: `region=eu-1`. */
function onInstances(given: readonly string[]): readonly Clause[] {
  const odd = given.find((each) => /^=|=$/.test(each));
  if (odd !== undefined) throw usageError(`--instance must be a key or NAME=VALUE, such as region=eu-1, got "${odd}"`);
  const keys = given.filter((each) => !each.includes('='));
  const attributes = Map.groupBy(
    given.filter((each) => each.includes('=')),
    (each) => each.slice(0, each.indexOf('=')),
  );
  return [
    ...(keys.length === 0 ? [] : [among('instance', 'key', keys)]),
    ...[...attributes].map(([name, alike]) =>
      among('instance', name, new Set(alike.flatMap((each) => listReadings(each.slice(name.length + 1))))),
    ),
  ];
}

/** Instances tell numbers, true and false as such or as text; nobody who types one knows which. */
function listReadings(value: string): readonly (string | number | boolean)[] {
  if (value === 'true' || value === 'false') return [value, value === 'true'];
  const number = Number(value);
  return String(number) === value && Number.isFinite(number) ? [value, number] : [value];
}

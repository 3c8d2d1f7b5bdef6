import type { InstructionInput } from '@sluice/authoring';
import type { Option } from './command.ts';
import { usageError } from './errors.ts';
import { parsePercent } from './percent.ts';

/** Options that say whom a trip concerns. */
export const scopeOptions = {
  account: { type: 'string', multiple: true, value: 'KEY', help: 'only for this account' },
  user: { type: 'string', multiple: true, value: 'KEY', help: 'only for this user' },
  route: {
    type: 'string',
    multiple: true,
    value: 'ROUTE',
    help: 'only on this route: /search, "/orders/*", job:nightly',
  },
  method: { type: 'string', multiple: true, value: 'METHOD', help: 'only requests like this: GET' },
  ip: { type: 'string', multiple: true, value: 'NETWORK', help: 'only clients in this network: 10.0.0.0/8' },
  instance: { type: 'string', multiple: true, value: 'NAME=VALUE', help: 'only on instances like this: region=eu-1' },
  share: { type: 'string', value: 'PERCENT', help: 'only a share of those: 10%' },
  of: { type: 'string', value: 'KIND', help: 'share of which contexts; user unless given' },
  exempt: { type: 'boolean', help: 'goes before all that is not exempt, however severe' },
} as const satisfies Record<string, Option>;

/** A trip as it is asked for. */
export type Trip = Extract<InstructionInput, { kind: 'trip' }>;
type Clause = NonNullable<Trip['when']>[number];

type ListOption = 'account' | 'user' | 'route' | 'method' | 'ip' | 'instance';
type ScopeValues = { readonly [Name in ListOption]?: readonly string[] | undefined } & {
  readonly share?: string | undefined;
  readonly of?: string | undefined;
  readonly exempt?: boolean | undefined;
};

/** Values of one option are alternatives; what different options say must all be so. */
export function parseScope(options: ScopeValues): Pick<Trip, 'when' | 'share' | 'exempt'> {
  const when = [
    ...listValues('account', options, (values) => [among('account', 'key', values)]),
    ...listValues('user', options, (values) => [among('user', 'key', values)]),
    ...listValues('route', options, (routes) => [onRoute(routes)]),
    ...listValues('method', options, (methods) => [
      among(
        'request',
        'method',
        methods.map((method) => method.toUpperCase()),
      ),
    ]),
    ...listValues('ip', options, (networks) => [{ ...among('request', 'ip', networks), op: 'cidr' }]),
    ...listValues('instance', options, onInstances),
  ];
  const share = parseShare(options);
  return {
    ...(when.length > 0 && { when }),
    ...(share !== undefined && { share }),
    ...(options.exempt === true && { exempt: true }),
  };
}

function listValues(
  name: ListOption,
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
function onRoute(routes: readonly string[]): Clause {
  // Without this, what a typing error leads to is a trip that concerns nobody.
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

function onInstances(given: readonly string[]): readonly Clause[] {
  const pairs = given.map((each) => {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(each) ?? [];
    if (name === undefined || value === undefined)
      throw usageError(`--instance must be NAME=VALUE, such as region=eu-1, got "${each}"`);
    return { name, value };
  });
  return [...Map.groupBy(pairs, ({ name }) => name)].map(([name, alike]) =>
    among('instance', name, new Set(alike.flatMap(({ value }) => listReadings(value)))),
  );
}

/** Instances tell numbers, true and false as such or as text; nobody who types one knows which. */
function listReadings(value: string): readonly (string | number | boolean)[] {
  if (value === 'true' || value === 'false') return [value, value === 'true'];
  const number = Number(value);
  return String(number) === value && Number.isFinite(number) ? [value, number] : [value];
}

function parseShare({ share, of }: ScopeValues): Trip['share'] {
  if (share === undefined) {
    if (of !== undefined) throw usageError(`--of goes with --share: --share 10% --of ${of}`);
    return undefined;
  }
  const weight = parsePercent('--share', share);
  if (weight === 0) throw usageError('--share must be more than 0: nobody would be concerned');
  return { contextKind: of ?? 'user', weight };
}

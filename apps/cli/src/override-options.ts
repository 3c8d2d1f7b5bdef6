import type { InstructionInput } from '@sluice/authoring';
import type { Option } from './command.ts';
import { usageError } from './errors.ts';

type Clause = Extract<InstructionInput, { kind: 'set-override' }>['when'][number];

/** Options that say for whom a value differs. */
export const overrideOptions = {
  account: {
    type: 'string',
    multiple: true,
    value: 'KEY',
    help: 'for this account; as all of these it may be repeated',
  },
  user: { type: 'string', multiple: true, value: 'KEY', help: 'for this user' },
  route: { type: 'string', multiple: true, value: 'ROUTE', help: 'on this route: /search, "/orders/*"' },
  method: { type: 'string', multiple: true, value: 'METHOD', help: 'for requests like this: GET' },
  ip: { type: 'string', multiple: true, value: 'NETWORK', help: 'for clients in this network: 10.0.0.0/8' },
  instance: { type: 'string', multiple: true, value: 'KEY', help: 'on this instance, or all like this: region=eu-1' },
  segment: { type: 'string', multiple: true, value: 'KEY', help: 'for members of this segment' },
} as const satisfies Record<string, Option>;

type OverrideValues = { readonly [Name in keyof typeof overrideOptions]?: readonly string[] | undefined };

/** Values of one option are alternatives; what different options say must all be so. */
export function parseWhen(options: OverrideValues): readonly Clause[] {
  const { account, user, route, method, ip, instance = [], segment } = options;
  const attributes = Map.groupBy(instance.filter(isAttribute), (given) => given.slice(0, given.indexOf('=')));
  return [
    ...among('account', 'key', account),
    ...among('user', 'key', user),
    ...onRoutes(route),
    ...among(
      'request',
      'method',
      method?.map((name) => name.toUpperCase()),
    ),
    ...among('request', 'ip', ip).map((clause) => ({ ...clause, op: 'cidr' as const })),
    ...among(
      'instance',
      'key',
      instance.filter((given) => !isAttribute(given)),
    ),
    ...[...attributes].flatMap(([name, given]) =>
      among('instance', name, [...new Set(given.flatMap((each) => listReadings(each.slice(name.length + 1))))]),
    ),
    ...(segment === undefined ? [] : [{ op: 'segmentMatch' as const, values: [...segment] }]),
  ];
}

function isAttribute(given: string): boolean {
  if (given.startsWith('=')) throw usageError(`--instance must be a key or NAME=VALUE, got "${given}"`);
  return given.includes('=');
}

function among(
  contextKind: string,
  attribute: string,
  values: readonly (string | number | boolean)[] = [],
): readonly (Clause & { readonly values: (string | number | boolean)[] })[] {
  return values.length === 0 ? [] : [{ contextKind, attribute, op: 'in', values: [...values] }];
}

/** A `*` makes patterns of them, where other routes stand for themselves. */
function onRoutes(routes: readonly string[] = []): readonly Clause[] {
  const isPattern = (route: string): boolean => route.includes('*');
  if (!routes.some(isPattern)) return among('request', 'route', routes);
  const patterns = routes.map((route) => (isPattern(route) ? route : route.replaceAll(/[?\\]/g, String.raw`\$&`)));
  return among('request', 'route', patterns).map((clause) => ({ ...clause, op: 'glob' as const }));
}

/** Instances tell numbers, true and false as such or as text; nobody who types one knows which. */
function listReadings(value: string): readonly (string | number | boolean)[] {
  if (value === 'true' || value === 'false') return [value, value === 'true'];
  const number = Number(value);
  return String(number) === value && Number.isFinite(number) ? [value, number] : [value];
}

import type { InstanceView } from '@sluice/api-client';
import type { Option } from './command.ts';
import type { Connection } from './connection.ts';
import { CommandError, exitCodes, usageError } from './errors.ts';
import { parseJson, parseJsonOrText } from './json.ts';

/** Options that say for whom something is asked. */
export const contextOptions = {
  account: { type: 'string', value: 'KEY', help: 'for this account' },
  user: { type: 'string', value: 'KEY', help: 'for this user' },
  route: { type: 'string', value: 'ROUTE', help: 'on this route: /search' },
  method: { type: 'string', value: 'METHOD', help: 'for requests like this: GET' },
  ip: { type: 'string', value: 'ADDRESS', help: 'for the client at this address: 10.1.2.3' },
  instance: {
    type: 'string',
    multiple: true,
    value: 'KEY',
    help: 'on this instance, as the fleet knows it; or with an attribute: region=eu-1',
  },
  context: {
    type: 'string',
    short: 'c',
    value: 'JSON',
    help: 'a context of another kind: {"kind":"plan","key":"pro"}',
  },
} as const satisfies Record<string, Option>;

type ContextValues = {
  readonly [Name in Exclude<keyof typeof contextOptions, 'instance'>]?: string | undefined;
} & { readonly instance?: readonly string[] | undefined };

type Attributes = Readonly<Record<string, unknown>>;

/** Whom a command asks about. */
export interface Asked {
  readonly context: Attributes;
  /** The instance that was named, as the fleet knows it. */
  readonly instance: InstanceView | undefined;
}

/** Where nothing is given it is somebody of whom nothing is known. */
export async function readContext(
  connection: Pick<Connection, 'api' | 'place'>,
  options: ContextValues,
): Promise<Asked> {
  const { account, user, route, method, ip } = options;
  const named = (options.instance ?? []).filter((given) => !given.includes('='));
  if (named.length > 1) throw usageError(`--instance names one instance, got ${named.join(' and ')}`);
  const [key] = named;
  const instance = key === undefined ? undefined : await findInstance(connection, key);
  const attributes = (options.instance ?? []).filter((given) => given.includes('=')).map(parseAttribute);
  const request = {
    ...(route !== undefined && { route }),
    ...(method !== undefined && { method: method.toUpperCase() }),
    ...(ip !== undefined && { ip }),
  };
  const contexts: Readonly<Record<string, Attributes>> = {
    ...(account !== undefined && { account: { key: account } }),
    ...(user !== undefined && { user: { key: user } }),
    ...(Object.keys(request).length > 0 && { request: { key: 'asked', ...request } }),
    ...((instance !== undefined || attributes.length > 0) && {
      instance: { key: key ?? 'asked', ...instance?.about, ...Object.fromEntries(attributes) },
    }),
    ...parseContext(options.context),
  };
  const none = { user: { key: 'asked', anonymous: true } };
  return { context: { kind: 'multi', ...(Object.keys(contexts).length === 0 ? none : contexts) }, instance };
}

/** `region=eu-1`: JSON where it is JSON, else text. */
function parseAttribute(given: string): readonly [name: string, value: unknown] {
  const equals = given.indexOf('=');
  if (equals < 1) throw usageError(`--instance must be a key or NAME=VALUE, got "${given}"`);
  return [given.slice(0, equals), parseJsonOrText('--instance', given.slice(equals + 1))];
}

function parseContext(given: string | undefined): Readonly<Record<string, Attributes>> {
  if (given === undefined) return {};
  const context = parseJson('--context', given);
  if (typeof context !== 'object' || context === null || !('kind' in context) || typeof context.kind !== 'string') {
    throw usageError('--context must be a context with a kind: {"kind":"plan","key":"pro"}');
  }
  const { kind, ...rest } = context;
  // Of several kinds, each is a context; the server checks what is in them.
  return kind === 'multi' ? (rest as Record<string, Attributes>) : { [kind]: rest };
}

/** The process that was heard last: a key outlives its processes. */
async function findInstance({ api, place }: Pick<Connection, 'api' | 'place'>, key: string): Promise<InstanceView> {
  const found: InstanceView[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await api.getFleet(place, { limit: 500, cursor });
    found.push(...page.items.filter(({ instance }) => instance === key));
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  const [last] = found.sort((a, b) => a.heardMsAgo - b.heardMsAgo);
  if (last !== undefined) return last;
  throw new CommandError(
    exitCodes.refused,
    `the fleet of ${place.environment} has no instance "${key}"`,
    'List them with: sluice fleet',
  );
}

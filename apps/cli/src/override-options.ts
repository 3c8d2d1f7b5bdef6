import type { Option } from './command.ts';

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

import { type ApiClient, ApiError, type Place } from '@sluice/api-client';
import { providerOrderSchema } from '@sluice/sdk-node';

/** Where the shop's flags live. */
export const place: Place = { project: 'default', environment: 'production' };

const modes = [{ value: 'normal' }, { value: 'cached' }, { value: 'off-404' }];

const flags: readonly Parameters<ApiClient['createFlag']>[1][] = [
  { key: 'search', kind: 'valve', variations: modes, description: 'Full-text search of the shop' },
  { key: 'recommendations', kind: 'valve', variations: modes, description: 'What others bought' },
  { key: 'orders', kind: 'migration', description: 'Orders move to a database of their own' },
  { key: 'prices', kind: 'migration', description: 'Prices move from euros to whole cents, a column beside' },
  {
    key: 'receipts',
    kind: 'config',
    value: {
      providers: [
        { name: 'pigeon', state: 'active' },
        { name: 'falcon', state: 'standby' },
      ],
      // Both recognise a message that they get again.
      ambiguous: 'idempotent-only',
    },
    config: { schema: providerOrderSchema },
  },
  {
    key: 'cache.ttl',
    kind: 'config',
    value: 60,
    config: { schema: { type: 'integer', minimum: 1, maximum: 3600 }, unit: 's', maxChangeFactor: 10 },
  },
  {
    key: 'route.timeout',
    kind: 'config',
    value: 5000,
    config: { schema: { type: 'integer', minimum: 10, maximum: 60_000 }, unit: 'ms', dimensions: ['route', 'account'] },
  },
  {
    key: 'log.level',
    kind: 'config',
    value: 'warn',
    config: {
      schema: { enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] },
      dimensions: ['account', 'route'],
    },
  },
];

/** Creates the shop's flags where they are not there yet. */
export async function setUp(api: ApiClient): Promise<void> {
  for (const flag of flags) {
    try {
      await api.createFlag(place.project, flag);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
    }
  }
}

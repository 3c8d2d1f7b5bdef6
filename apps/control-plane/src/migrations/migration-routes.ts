import { migrationBarrierView } from '@sluice/api-client';
import { ServerError } from '../errors.ts';
import { getFlag } from '../flags/flag-queries.ts';
import { environmentFlagParams } from '../flags/flag-schema.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import { describeHoldouts } from './barrier.ts';

export function addMigrationRoutes(app: App, { db, readFleet }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/flags/:flag/barrier',
    {
      schema: {
        summary: 'Who may still be in what a migration was before its last change',
        params: environmentFlagParams,
        response: { 200: migrationBarrierView },
      },
    },
    async ({ params }) => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const { definition, version } = await getFlag(db, environment, params.flag);
      if (definition.kind !== 'migration') {
        const message = `\`${params.flag}\` is a ${definition.kind}; only a migration has a barrier`;
        throw new ServerError('not-found', message, { faults: [{ path: 'flag', message }] });
      }
      const asked = { key: params.flag, epoch: environment.epoch, version };
      const { ready, holdouts } = describeHoldouts(await readFleet(environment.id), asked);
      return { flag: params.flag, isOpen: holdouts.length === 0, version, ready, waitsFor: holdouts };
    },
  );
}

import { type NowView, nowView } from '@sluice/api-client';
import { listChangeTimes } from '../changes/change-queries.ts';
import { findDue } from '../fleet/fleet-counts.ts';
import type { App } from '../http/zod-routes.ts';
import { getEnvironment } from '../projects/environment-queries.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { isOffNormal, listMatters } from './list-matters.ts';
import { surveyFleet } from './survey-fleet.ts';

/** What whoever is called at night looks at first. */
export function addNowRoutes(app: App, { db, fleet, readFleet, readStanding, platform }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/now',
    {
      schema: {
        summary: 'What is off normal, what there is, and who has it',
        params: environmentParams,
        response: { 200: nowView },
      },
    },
    async ({ params }): Promise<NowView> => {
      const environment = await getEnvironment(db, params.project, params.environment);
      const { id, epoch, version } = environment;
      const standing = await readStanding(environment);
      const { instances } = await readFleet(id);
      const elapsed = platform.elapsed();
      const due = findDue(fleet.open(id), { epoch, version, now: elapsed });
      const survey = surveyFleet(instances, due, version);
      const lacking = [...survey.refused, ...survey.behind.values()].map(({ firstLacking }) => firstLacking);
      const times = await listChangeTimes(db, id, lacking);
      const now = platform.now();
      const { valve = 0, migration = 0, config = 0 } = standing.kinds;
      const tripped = standing.trips.filter((trip) => isOffNormal(trip, now)).map(({ flag }) => flag);
      return {
        version,
        isProduction: environment.isProduction === 1,
        counts: {
          flags: Object.values(standing.kinds).reduce((sum, count) => sum + count, 0),
          valves: valve,
          trippedValves: new Set(tripped).size,
          migrations: migration,
          configs: config,
          segments: standing.segments,
          instances: survey.counts.instances,
        },
        fleet: survey.counts,
        matters: listMatters({ standing, survey, madeAt: (made) => times.get(made), now }),
        propagation: fleet.describePropagation(id),
        zones: [...survey.zones]
          .map(([zone, counts]) => ({ ...(zone !== undefined && { zone }), ...counts }))
          .sort((a, b) => ((a.zone ?? '') < (b.zone ?? '') ? -1 : 1)),
        ...(standing.lastRestoredAt !== undefined && { lastRestoredAt: standing.lastRestoredAt }),
      };
    },
  );
}

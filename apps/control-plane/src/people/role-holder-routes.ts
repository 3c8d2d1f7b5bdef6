import { roleHoldersView } from '@sluice/api-client';
import { roles } from '@sluice/authoring';
import type { App } from '../http/zod-routes.ts';
import { environmentParams } from '../projects/project-schema.ts';
import type { ServerContext } from '../server-context.ts';
import { listNames } from './permission.ts';

/** Whom to ask for what one may not do oneself. */
export function addRoleHolderRoutes(app: App, { db }: ServerContext): void {
  app.get(
    '/projects/:project/environments/:environment/role-holders',
    {
      schema: {
        summary: 'Who may do what in an environment; names are told to people only',
        params: environmentParams,
        response: { 200: roleHoldersView },
      },
    },
    async ({ params, actor: { person } }) => {
      // A token could pass them on to whoever holds it.
      if (person === undefined) return { items: [], administrators: [] };
      const items = [];
      for (const role of roles) items.push({ role, names: await listNames(db, params, role) });
      return { items, administrators: await listNames(db, {}, 'admin') };
    },
  );
}

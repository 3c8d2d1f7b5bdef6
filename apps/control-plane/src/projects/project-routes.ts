import { environmentView, newEnvironmentView, pageOf, projectView } from '@sluice/api-client';
import { maySee } from '@sluice/authoring';
import { runCommand } from '../http/commands.ts';
import type { App } from '../http/zod-routes.ts';
import type { ServerContext } from '../server-context.ts';
import { getProject, listEnvironments, listProjects } from './environment-queries.ts';
import { createEnvironment, createProject, updateEnvironment } from './project-commands.ts';
import {
  environmentBody,
  environmentParams,
  newEnvironmentBody,
  projectBody,
  projectParams,
} from './project-schema.ts';
import { toEnvironmentView, toNewEnvironmentView, toProjectView } from './project-view.ts';

export function addProjectRoutes(app: App, context: ServerContext): void {
  const { db, platform, links } = context;

  app.get(
    '/projects',
    { schema: { summary: 'List projects', response: { 200: pageOf(projectView) } } },
    async ({ actor: { grants } }) => ({
      items: (await listProjects(db)).filter(({ key: project }) => maySee(grants, { project })).map(toProjectView),
    }),
  );

  app.post(
    '/projects',
    { schema: { summary: 'Create a project', body: projectBody, response: { 201: projectView } } },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => ({
        status: 201,
        body: toProjectView(await createProject(writes, request.body, platform.now())),
        note: { message: 'made a project', fields: { project: request.body.key } },
      })),
  );

  app.get(
    '/projects/:project/environments',
    { schema: { summary: 'List environments', params: projectParams, response: { 200: pageOf(environmentView) } } },
    async ({ params, actor: { grants } }) => {
      const { key: project } = await getProject(db, params.project);
      const seen = (await listEnvironments(db, project)).filter(({ key: environment }) =>
        maySee(grants, { project, environment }),
      );
      return { items: seen.map(toEnvironmentView) };
    },
  );

  app.post(
    '/projects/:project/environments',
    {
      schema: {
        summary: 'Create an environment; answers its keys',
        params: projectParams,
        body: newEnvironmentBody,
        response: { 201: newEnvironmentView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => {
        const { project } = request.params;
        const created = await createEnvironment(
          writes,
          { project, actor: request.actor.name, ...request.body },
          context,
        );
        return {
          status: 201,
          body: toNewEnvironmentView(created),
          changes: created.started === undefined ? [] : [created.started],
          note: { message: 'made an environment and its keys', fields: { project, environment: created.row.key } },
          afterCommit: async () => links.refreshKeys(),
        };
      }),
  );

  app.patch(
    '/projects/:project/environments/:environment',
    {
      schema: {
        summary: 'Name an environment, and say whether it is production',
        params: environmentParams,
        body: environmentBody,
        response: { 200: environmentView },
      },
    },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => ({
        status: 200,
        body: toEnvironmentView(await updateEnvironment(writes, request.params, request.body)),
        note: { message: 'altered an environment', fields: { ...request.params, ...request.body } },
      })),
  );
}

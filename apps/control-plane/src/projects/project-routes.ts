import { runCommand } from '../http/commands.ts';
import type { App } from '../http/zod-routes.ts';
import type { ServerContext } from '../server-context.ts';
import { getProject, listEnvironments, listProjects } from './environment-queries.ts';
import { createEnvironment, createProject } from './project-commands.ts';
import { namedBody, projectParams } from './project-schema.ts';
import { toEnvironmentView, toNewEnvironmentView, toProjectView } from './project-view.ts';

export function addProjectRoutes(app: App, context: ServerContext): void {
  const { db, platform, links } = context;

  app.get('/projects', { schema: { summary: 'List projects' } }, async () => ({
    items: (await listProjects(db)).map(toProjectView),
  }));

  app.post('/projects', { schema: { summary: 'Create a project', body: namedBody } }, (request, reply) =>
    runCommand(context, request, reply, async (writes) => ({
      status: 201,
      body: toProjectView(await createProject(writes, request.body, platform.now())),
    })),
  );

  app.get(
    '/projects/:project/environments',
    { schema: { summary: 'List environments', params: projectParams } },
    async ({ params }) => {
      const { key } = await getProject(db, params.project);
      return { items: (await listEnvironments(db, key)).map(toEnvironmentView) };
    },
  );

  app.post(
    '/projects/:project/environments',
    { schema: { summary: 'Create an environment; answers its keys', params: projectParams, body: namedBody } },
    (request, reply) =>
      runCommand(context, request, reply, async (writes) => ({
        status: 201,
        body: toNewEnvironmentView(
          await createEnvironment(
            writes,
            { project: request.params.project, actor: request.actor.name, ...request.body },
            context,
          ),
        ),
        afterCommit: async () => links.refreshKeys(),
      })),
  );
}

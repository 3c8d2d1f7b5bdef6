import { listEnvironments, listProjects } from '../projects/environment-queries.ts';
import type { ServerContext } from '../server-context.ts';
import type { App } from './zod-routes.ts';

/** `GET /`: says what is running, for a person who opens the address in a browser. */
export function addStatusPage(app: App, context: ServerContext): void {
  app.get('/', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
      .serializer((page: unknown) => String(page))
      .send(renderPage(await listRunning(context), context.version)),
  );
}

interface RunningEnvironment {
  readonly project: string;
  readonly environment: string;
  readonly version: number;
  readonly flags: number;
  readonly streams: number;
}

async function listRunning({ db, channels }: ServerContext): Promise<readonly RunningEnvironment[]> {
  const running: RunningEnvironment[] = [];
  for (const project of await listProjects(db)) {
    for (const { id, key, version } of await listEnvironments(db, project.key)) {
      const channel = await channels.open(id);
      running.push({
        project: project.key,
        environment: key,
        version,
        flags: channel.log.count('flag'),
        streams: channel.subscriberCount,
      });
    }
  }
  return running;
}

function renderPage(running: readonly RunningEnvironment[], version: string): string {
  const rows = running.map(
    ({ project, environment, version: latest, flags, streams }) =>
      `<tr><td>${escapeHtml(project)}</td><td>${escapeHtml(environment)}</td><td>${flags}</td><td>${streams}</td><td>${latest}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  h1 { font-size: 1.4rem; margin: 0; }
  table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; }
  th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; }
  th:last-child, td:last-child { padding-right: 0; }
  th { font-weight: 600; font-size: .85rem; }
  td:nth-child(n+3), th:nth-child(n+3) { text-align: right; font-variant-numeric: tabular-nums; }
  code, pre { font: .9rem/1.5 ui-monospace, monospace; }
  pre { background: #8881; padding: .75rem 1rem; border-radius: .4rem; overflow-x: auto; }
</style>
<h1>Sluice is running</h1>
<p>Version ${escapeHtml(version)}</p>
<table>
<thead><tr><th>Project</th><th>Environment</th><th>Flags</th><th>SDKs</th><th>Version</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table>
<p>On this machine, in the folder where the server was started:</p>
<pre>npx sluice flag create new-checkout
npx sluice flag on new-checkout
npx sluice flag list</pre>
<p>The management API is described at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>, metrics are at <a href="/metrics">/metrics</a>.</p>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

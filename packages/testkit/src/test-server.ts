import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChangeView } from '@sluice/api-client';
import {
  nodePlatform,
  type Platform,
  parseSettings,
  type RunningServer,
  type ServerSurroundings,
  startServer,
} from '@sluice/control-plane';
import { type Logger, pino } from 'pino';
import { dropTestDatabase, findTestDatabase } from './test-database.ts';

/** A real server on a database of its own and a free port. */
export interface TestServer {
  readonly url: string;
  readonly running: RunningServer;
  readonly apiToken: string;
  /** Of environment `production` in project `default`. */
  readonly sdkKey: string;
  readonly folder: string;
  /** Undefined on the embedded database. */
  readonly databaseUrl: string | undefined;
  /** Calls the management API below `/api/v1`; text and bytes are sent as they are, all else as JSON. */
  api(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
  /** Changes environment `production`; fails when the change is refused. */
  change(body: object): Promise<ChangeView>;
  /** What SDKs get of a flag in `production`; undefined: nothing. */
  findServed(flag: string): Promise<ApiAnswer['body']>;
  close(): Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // Tests look into answers of every shape.
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  readonly body: any;
}

const keys = {
  apiToken: 'slt_test_token_0123456789',
  sdkKey: 'sdk-test-0123456789',
  clientSideId: '0123456789abcdef01234567',
};

export interface TestServerOptions {
  readonly folder?: string;
  readonly port?: number;
  readonly platform?: Partial<Platform>;
  /** Silent unless given. */
  readonly log?: Logger;
  readonly payloadLimitMb?: number;
  readonly workers?: number;
  /** More of what the environment says: `SLUICE_SECRET`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Of a PostgreSQL database that is there already; else it is the one that goes with the folder. */
  readonly databaseUrl?: string | undefined;
  /** On the embedded database, whatever the tests run on. */
  readonly embedded?: boolean;
  /** Stands in the way of the database. */
  readonly open?: ServerSurroundings['open'];
  /** The folder that the dashboard was built into. */
  readonly dashboard?: string;
}

export async function startTestServer({
  folder,
  port = 0,
  platform = {},
  log = pino({ level: 'silent' }),
  payloadLimitMb = 32,
  workers = 0,
  variables = {},
  databaseUrl: givenUrl,
  embedded = false,
  open,
  dashboard,
}: TestServerOptions = {}): Promise<TestServer> {
  const data = folder ?? mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const databaseUrl = embedded ? undefined : (givenUrl ?? (await findTestDatabase(data, true)));
  const settings = parseSettings(
    {
      data,
      'database-url': databaseUrl,
      port: String(port),
      'payload-limit-mb': String(payloadLimitMb),
      workers: String(workers),
    },
    {
      ...variables,
      SLUICE_BOOTSTRAP_API_TOKEN: keys.apiToken,
      SLUICE_BOOTSTRAP_SDK_KEY: keys.sdkKey,
      SLUICE_BOOTSTRAP_CLIENT_ID: keys.clientSideId,
    },
  );
  const running = await startServer(settings, {
    platform: { ...nodePlatform, ...platform },
    log,
    ...(open !== undefined && { open }),
    dashboard,
  });
  const api: TestServer['api'] = (method, path, body, headers) =>
    callApi(`${running.url}/api/v1${path}`, method, body, headers);
  return {
    url: running.url,
    running,
    apiToken: keys.apiToken,
    sdkKey: keys.sdkKey,
    folder: data,
    databaseUrl,
    api,
    change: async (request) => {
      const { status, body } = await api('POST', '/projects/default/environments/production/changes', request);
      if (status !== 200) throw new Error(`the change was refused: ${JSON.stringify(body)}`);
      return body;
    },
    findServed: async (flag) => {
      const response = await fetch(`${running.url}/sdk/latest-all`, { headers: { authorization: keys.sdkKey } });
      return JSON.parse(await response.text()).flags[flag];
    },
    close: async () => {
      await running.close();
      if (folder !== undefined) return;
      rmSync(data, { recursive: true, force: true });
      if (!embedded && givenUrl === undefined) await dropTestDatabase(data);
    },
  };
}

async function callApi(
  url: string,
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${keys.apiToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && {
      body:
        typeof body === 'string' || body instanceof Uint8Array
          ? (body as Uint8Array<ArrayBuffer>)
          : JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

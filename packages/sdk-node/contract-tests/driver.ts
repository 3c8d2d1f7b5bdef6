import type { Flag, Segment } from '@sluice/engine';
import { createMockStream, type Endpoint, type MockStream, type StandIn, withStatus } from './harness-stand-in.ts';
import { type ContractTestService, startContractTestService } from './service.ts';

// Tests look into answers and events of every shape.
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type Json = any;

/** Drives the contract-test service over HTTP, as the harness does. */
export interface Driver {
  readonly service: ContractTestService;
  /** Creates a client and expects that it got its flags. */
  create(configuration: object): Promise<DrivenClient>;
  /** Asks for a client, whatever comes of it. */
  tryCreate(configuration: object): Promise<Response>;
  close(): Promise<void>;
}

export interface DrivenClient {
  readonly url: string;
  /** Sends a command and expects that it succeeds. */
  command(name: string, parameters?: object): Promise<Json>;
  /** The value of a flag. */
  evaluate(flagKey: string, context?: object, defaultValue?: unknown): Promise<unknown>;
  detail(flagKey: string, context?: object, defaultValue?: unknown): Promise<Json>;
  close(): Promise<void>;
}

export const ann = { kind: 'user', key: 'ann' };

export async function startDriver(): Promise<Driver> {
  const silent = (): void => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const service = await startContractTestService({ port: 0, log });

  async function tryCreate(configuration: object): Promise<Response> {
    const body = { tag: 'a test', configuration: { credential: 'sdk-key', ...configuration } };
    return fetch(service.url, { method: 'POST', body: JSON.stringify(body) });
  }

  return {
    service,
    tryCreate,
    create: async (configuration) => {
      const response = await tryCreate(configuration);
      if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
      return driveClient(response.headers.get('location') ?? '');
    },
    close: () => service.close(),
  };
}

export function driveClient(url: string): DrivenClient {
  async function command(name: string, parameters?: object): Promise<Json> {
    const body = JSON.stringify({ command: name, ...(parameters !== undefined && { [name]: parameters }) });
    const response = await fetch(url, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  return {
    url,
    command,
    evaluate: async (flagKey, context = ann, defaultValue = null) => {
      const answer = await command('evaluate', { flagKey, context, valueType: 'any', defaultValue, detail: false });
      return answer.value;
    },
    detail: (flagKey, context = ann, defaultValue = null) =>
      command('evaluate', { flagKey, context, valueType: 'any', defaultValue, detail: true }),
    close: async () => {
      await fetch(url, { method: 'DELETE' });
    },
  };
}

/** Registers a listener for all flags; the keys of flags that changed arrive in `next`. */
export async function listenToChanges(standIn: StandIn, client: DrivenClient): Promise<{ next(): Promise<string> }> {
  const callback = standIn.serve(withStatus(200));
  await client.command('registerFlagChangeListener', { listenerId: 'all', flagKey: '', callbackUri: callback.url });
  return { next: async () => JSON.parse((await callback.requests.next()).body).flagKey };
}

/** An endpoint that takes events. */
export interface EventSink {
  readonly endpoint: Endpoint;
  /** The events of the next batch. */
  next(): Promise<Json[]>;
}

export function serveEvents(standIn: StandIn, headers: Readonly<Record<string, string>> = {}): EventSink {
  const endpoint = standIn.serve(withStatus(202, headers));
  return { endpoint, next: async () => JSON.parse((await endpoint.requests.next()).body) };
}

/** A stream of the first protocol that begins with these objects. */
export function streamOf(flags: readonly Flag[], segments: readonly Segment[] = []): MockStream {
  return createMockStream({ event: 'put', data: { path: '/', data: allOf(flags, segments) } });
}

/** What a poll of the first protocol answers. */
export function allOf(flags: readonly Flag[], segments: readonly Segment[] = []): object {
  return { flags: byKey(flags), segments: byKey(segments) };
}

function byKey<T extends { readonly key: string }>(objects: readonly T[]): Readonly<Record<string, T>> {
  return Object.fromEntries(objects.map((object) => [object.key, object]));
}

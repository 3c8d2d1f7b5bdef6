import { type Context, createClient } from '@sluice/sdk-node';
import type { Answer } from './scenarios.ts';
import type { Subject } from './subject.ts';

/** Our SDK as it comes, but for its cache on disk. Summaries are counted and contexts reported once. */
export async function start(url: string): Promise<Subject<Context>> {
  const client = createClient({ url, sdkKey: 'sdk-bench', cacheFolder: false });
  if (!(await client.ready())) throw new Error(`sluice is not ready: ${client.status.lastError?.message}`);
  return {
    kind: 'synchronous',
    ask: (key, context, defaultValue): Answer => client.value(key, context, defaultValue),
    lacks: [],
    toContext: (person) => ({ kind: 'user', ...person }),
    flush: () => client.flush(),
    close: () => client.close(),
  };
}

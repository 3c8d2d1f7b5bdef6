import { basicLogger, init, type LDOptions, type LDSingleKindContext } from '@launchdarkly/node-server-sdk';
import type { Answer } from './scenarios.ts';
import type { Subject } from './subject.ts';

/**
 * LaunchDarkly's SDK, streaming from our local server and posting its events there. Its evaluation is asynchronous, so
 * each is awaited, as its documentation shows. As it comes it remembers 1,000 contexts, and so reports each of our
 * 10,000 again and again, as it would in a server with that many users.
 */
export async function start(url: string, options: LDOptions): Promise<Subject<LDSingleKindContext>> {
  const client = init('sdk-bench', {
    streamUri: url,
    baseUri: url,
    eventsUri: url,
    ...options,
    logger: basicLogger({ level: 'error' }),
  });
  await client.waitForInitialization({ timeout: 10 });
  return {
    kind: 'asynchronous',
    // The type of the default value is the type of the result.
    ask: (key, context, defaultValue): Promise<Answer> => client.variation(key, context, defaultValue),
    lacks: [],
    toContext: (person) => ({ kind: 'user', ...person }),
    flush: () => client.flush(),
    close: async () => client.close(),
  };
}

import { init } from '@launchdarkly/node-server-sdk';
import { TestData } from '@launchdarkly/node-server-sdk/integrations';
import type { Context, Flag, Segment } from '@sluice/engine';

/** LaunchDarkly's Node SDK with data that a test hands it, without any server. */
export interface LaunchDarklyData {
  /** Puts an environment in force; what it lacks of the one before stays. */
  use(flags: readonly Flag[], segments: readonly Segment[]): Promise<void>;
  evaluate(key: string, context: Context): Promise<unknown>;
  close(): void;
}

export async function createLaunchDarklyData(): Promise<LaunchDarklyData> {
  const data = new TestData();
  const silent = (): void => undefined;
  const client = init('sdk-test', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: { error: silent, warn: silent, info: silent, debug: silent },
  });
  await client.waitForInitialization({ timeout: 10 });
  return {
    async use(flags, segments) {
      for (const segment of segments) await data.usePreconfiguredSegment(segment);
      for (const flag of flags) await data.usePreconfiguredFlag(flag);
    },
    // Their contexts are ours, but for readonly.
    evaluate: (key, context) => client.variation(key, context as Parameters<typeof client.variation>[1], undefined),
    close: () => client.close(),
  };
}

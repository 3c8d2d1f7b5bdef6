/**
 * `config-program.ts SUBJECT URL EFFORT`: a config with three rules, asked for 10,000 people; prints what that costs, as
 * JSON. A process holds one subject. Ours has a second cost, that of reading its value for the process.
 */

import { init } from '@launchdarkly/node-server-sdk';
import { FlagdCore } from '@openfeature/flagd-core';
import { createClient } from '@sluice/sdk-node';
import { countBytes, type Effort, type Run, time, warmUp } from '../evaluation/measure.ts';
import { createPeople, type Person } from '../evaluation/people.ts';
import { flagdTtlFlag, ttlKey } from './ttl.ts';

export type ConfigSubject = 'sluice' | 'launchdarkly' | 'flagd';

export interface ConfigCosts {
  /** Of all answers: the same for every subject. */
  readonly sum: number;
  readonly ns: number;
  readonly bytes: number;
  /** Only ours: `get()`, and reading a property of a plain object. */
  readonly read?: { readonly getNs: number; readonly propertyNs: number; readonly bytes: number };
}

const defaultTtl = 1;
const people = createPeople((index) => index);

async function measureSluice(url: string, effort: Effort): Promise<ConfigCosts> {
  const client = createClient({ url, sdkKey: 'sdk-bench', cacheFolder: false });
  if (!(await client.ready())) throw new Error(`sluice is not ready: ${client.status.lastError?.message}`);
  const ttl = client.config(ttlKey, { default: defaultTtl, min: 1, max: 3600, step: 1 });
  const contexts = people.map((person) => ({ kind: 'user', ...person }));
  const costs = await measure(
    (passes) => {
      let sum = 0;
      for (let pass = 0; pass < passes; pass++) for (const context of contexts) sum += ttl.get(context);
      return sum;
    },
    contexts.length,
    effort,
  );
  // Many of each, so that the engine cannot read one of them once for all.
  const configs = people.slice(0, 1000).map(() => client.config(ttlKey, { default: defaultTtl }));
  const plain = configs.map((config) => ({ value: config.get() }));
  const get = (passes: number): number => {
    let sum = 0;
    for (let pass = 0; pass < passes; pass++) for (const config of configs) sum = (sum + config.get()) | 0;
    return sum;
  };
  const property = (passes: number): number => {
    let sum = 0;
    for (let pass = 0; pass < passes; pass++) for (const object of plain) sum = (sum + object.value) | 0;
    return sum;
  };
  // A read takes so little that more of them are needed to lose what the engine allocates once for itself; and sums stay
  // small integers, as larger ones are allocated.
  const more = { ...effort, countedPasses: 100 * effort.countedPasses };
  const getCosts = await measure(get, configs.length, more);
  const propertyCosts = await measure(property, plain.length, more);
  await client.close();
  return { ...costs, read: { getNs: getCosts.ns, propertyNs: propertyCosts.ns, bytes: getCosts.bytes } };
}

async function measureLaunchDarkly(url: string, effort: Effort): Promise<ConfigCosts> {
  const client = init('sdk-bench', {
    streamUri: url,
    baseUri: url,
    eventsUri: url,
    // As many as ours remembers, which is kinder to it.
    contextKeysCapacity: 50_000,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: console.error },
  });
  await client.waitForInitialization({ timeout: 10 });
  const contexts = people.map((person) => ({ kind: 'user', ...person }));
  const costs = await measure(
    async (passes) => {
      let sum = 0;
      for (let pass = 0; pass < passes; pass++)
        for (const context of contexts) sum += await client.variation(ttlKey, context, defaultTtl);
      return sum;
    },
    contexts.length,
    effort,
  );
  client.close();
  return costs;
}

async function measureFlagd(effort: Effort): Promise<ConfigCosts> {
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify({ flags: { [ttlKey]: flagdTtlFlag } }));
  const contexts = people.map(({ key: targetingKey, ...attributes }: Person) => ({ targetingKey, ...attributes }));
  return measure(
    (passes) => {
      let sum = 0;
      for (let pass = 0; pass < passes; pass++)
        for (const context of contexts) sum += core.resolveNumberEvaluation(ttlKey, defaultTtl, context).value;
      return sum;
    },
    contexts.length,
    effort,
  );
}

async function measure(run: Run, perPass: number, effort: Effort): Promise<ConfigCosts> {
  const sum = await run(1);
  const passMs = await warmUp(run, effort);
  const ns = await time(run, perPass, passMs, effort);
  return { sum, ns, bytes: await countBytes(run, perPass, passMs, effort) };
}

async function measureSubject(subject: ConfigSubject, url: string, effort: Effort): Promise<ConfigCosts> {
  switch (subject) {
    case 'sluice':
      return measureSluice(url, effort);
    case 'launchdarkly':
      return measureLaunchDarkly(url, effort);
    case 'flagd':
      return measureFlagd(effort);
    default:
      throw new Error(`there is no subject ${subject satisfies never}`);
  }
}

const [subject, url = '', effort = ''] = process.argv.slice(2);
// Whoever starts this program passes one of the names, and an effort.
const costs = await measureSubject(subject as ConfigSubject, url, JSON.parse(effort) as Effort);
console.log(JSON.stringify(costs));
process.exit();

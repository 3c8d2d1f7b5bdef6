/** `npm run story -- NAME`: plays a story with a server, a shop and its customers in processes of their own, and prints what came true. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, runLoad } from '../load/load.ts';
import { badConfig, badConfigProof } from './bad-config.ts';
import { cacheTuner, cacheTunerProof } from './cache-tuner.ts';
import { movedColumn, movedColumnProof } from './moved-column.ts';
import { movedDatabase, movedDatabaseProof } from './moved-database.ts';
import { badCustomerProof, oneBadCustomer } from './one-bad-customer.ts';
import { providerDown, providerDownProof } from './provider-down.ts';
import { serverKilled, serverKilledProof } from './server-killed.ts';
import type { Stage } from './stage.ts';
import { createWorld, type World } from './world.ts';

/** In the cache tuner's shop a minute is a second. */
const clockRate = 60;

const stories: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'one-bad-customer': async (world) => {
    const { proof, figures } = await oneBadCustomer(await setStage(world), {
      customers: 20,
      pauseMs: 200,
      badInFlight: 10,
    });
    assert.deepEqual(proof, badCustomerProof);
    assert(figures.withBadMs > 3 * figures.aloneMs, '42 made search slow for everybody');
    assert(figures.recoveredMs <= 2000, 'the others have their search back within 2 s');
  },
  'cache-tuner': async (world) => {
    const { proof } = await cacheTuner(await setStage(world, { SHOP_CLOCK_RATE: String(clockRate) }));
    assert.deepEqual(proof, cacheTunerProof);
  },
  'bad-config': async (world) => {
    await world.startFleet(200);
    const stage = await setStage(world);
    await world.connected(201);
    const { proof, figures } = await badConfig(stage);
    assert.deepEqual(proof, badConfigProof);
    assert.deepEqual(figures, { instances: 201, accepted: 0 });
  },
  'provider-down': async (world) => {
    assert.deepEqual(await providerDown(await setStage(world)), providerDownProof);
  },
  'moved-database': async (world) => {
    const [, postgres] = process.argv.slice(2);
    const { proof, figures } = await movedDatabase(world, {
      ...{ postgres, customers: 10, compared: 200, createId: randomUUID, now: () => performance.now(), say },
    });
    assert.deepEqual(proof, movedDatabaseProof);
    assert(figures.returnedMs < 1000, 'SQLite answers again within a second');
  },
  'moved-column': async (world) => {
    const { proof } = await movedColumn(world, { clerks: 10, compared: 500, say });
    assert.deepEqual(proof, movedColumnProof);
  },
  'server-killed': async (world) => {
    assert.deepEqual(await serverKilled(world, say), serverKilledProof);
  },
};

function say(line: string): void {
  console.log(line);
}

async function setStage(world: World, variables: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const shop = await world.startShop(variables);
  await world.connected(1);
  const now = (): number => performance.now();
  const shopping: Stage['shopping'] = async (customers, meanwhile) => {
    const stop = new AbortController();
    const answers: Answer[] = [];
    const onAnswer = (answer: Answer): number => answers.push(answer);
    const load = runLoad({ url: shop.url, customers, now, signal: stop.signal, maxSeconds: 60, onAnswer });
    await meanwhile(() => pause(5000));
    stop.abort();
    await load;
    return answers;
  };
  return {
    api: world.api,
    shopUrl: shop.url,
    mail: world.mail,
    pass: (ms) => pause(ms),
    shopping,
    browse: async (products, seconds) => {
      const browser = {
        account: '7',
        inFlight: 2,
        pauseMs: 5,
        pathOf: (at: number) => `/products/${1 + (at % products)}`,
      };
      await shopping([browser], () => pause((seconds / clockRate) * 1000));
    },
    // Instances tell every 5 s.
    counted: () => pause(6000),
    now,
    say,
  };
}

const [name = ''] = process.argv.slice(2);
const story = Object.hasOwn(stories, name) ? stories[name] : undefined;
if (story === undefined) {
  console.error(`Expected the name of a story (${Object.keys(stories).join(', ')}), got "${name}".`);
  process.exit(2);
}
const world = await createWorld();
process.on('SIGINT', () => void world.close().then(() => process.exit(130)));
try {
  await story(world);
  console.log('It came true.');
} finally {
  await world.close();
}

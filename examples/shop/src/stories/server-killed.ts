import { setTimeout as pause } from 'node:timers/promises';
import { ApiError, type ChangeInput } from '@sluice/api-client';
import { ask } from '../load/load.ts';
import { place } from '../setup.ts';
import { changeEverywhere } from './change-everywhere.ts';
import type { World } from './world.ts';

const trip: ChangeInput = {
  flag: 'search',
  instructions: [
    {
      kind: 'trip',
      mode: 'off-404',
      when: [{ contextKind: 'account', attribute: 'key', op: 'in', values: ['42'] }],
      reason: '42 makes search slow for everybody',
    },
  ],
};
/** Milliseconds after the trip was sent: from before the server has read it; at last, however slow all is, when it is served. */
const moments = [0, 2, 5, 10, 20, 50, 'as soon as it was served'] as const;
const restore: ChangeInput = { flag: 'search', instructions: [{ kind: 'restore' }] };

/** The server is killed before, during and after a trip, and the shop is restarted without it. */
export async function serverKilled(world: World, say: (line: string) => void) {
  let server = world.server;
  let shop = await world.startShop();
  await world.connected(1);

  async function search(): Promise<string> {
    const url = `${shop.url}/search?q=lamp`;
    const [bad, other] = await Promise.all([ask(undefined, url, '42'), ask(undefined, url, '7')]);
    return `42: ${bad.status}, 7: ${other.status}`;
  }

  async function restartServer(): Promise<void> {
    server = await world.startServer();
    await world.connected(1);
  }

  await server.end('SIGKILL');
  const refused = await world.api.change(place, trip).then(
    () => 'applied',
    (error: unknown) => (error instanceof ApiError ? error.code : String(error)),
  );
  const before = await search();
  say(`killed before the trip: the trip is ${refused}; ${before}`);

  await restartServer();
  await changeEverywhere(world.api, trip);
  await server.end('SIGKILL');
  const after = await search();
  say(`killed after the trip: ${after}`);

  await shop.end();
  shop = await world.startShop();
  const restarted = await search();
  say(`the shop ended too, and started without the server: ${restarted}`);

  await restartServer();
  const back = await search();
  say(`the server is back: ${back}`);

  const during: string[] = [];
  let isTripped = true;
  for (const moment of moments) {
    if (isTripped) await changeEverywhere(world.api, restore);
    // Nobody waits for the answer: the change was written or it was not.
    const cut = world.api.change(place, trip).then(
      () => 'answered',
      () => 'not answered',
    );
    if (typeof moment === 'number') await pause(moment);
    else while ((await search()) !== after);
    await server.end('SIGKILL');
    const answer = await cut;
    const meanwhile = await search();
    await restartServer();
    isTripped = (await world.api.getFlag(place, 'search')).rules.length > 0;
    const settled = await search();
    const kept = isTripped ? 'has it' : 'has none';
    const line = `killed ${typeof moment === 'number' ? `${moment} ms after the trip was sent` : moment}, which is ${answer}: ${meanwhile}; started again, the server ${kept}: ${settled}`;
    say(line);
    const isDone = answer === 'answered' || meanwhile === after;
    // What somebody was told of, or is served, is written; and nobody is served anything else.
    if (![before, after].includes(meanwhile) || (isDone && !isTripped) || settled !== (isTripped ? after : before))
      during.push(line);
  }
  return { refused, before, after, restarted, back, during };
}

/** What has to come true. */
export const serverKilledProof = {
  refused: 'unreachable',
  before: '42: 200, 7: 200',
  after: '42: 404, 7: 200',
  restarted: '42: 404, 7: 200',
  back: '42: 404, 7: 200',
  /** What was not as it must be. */
  during: [],
};

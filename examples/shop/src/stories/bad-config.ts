import { ApiError } from '@sluice/api-client';
import { place } from '../setup.ts';
import { changeEverywhere } from './change-everywhere.ts';
import type { Stage } from './stage.ts';

/** Somebody wants to cache nothing at all; then somebody with a stolen token takes the bounds away and does it anyway. */
export async function badConfig({ api, shopUrl, say }: Stage) {
  const setToZero = { flag: 'cache.ttl', instructions: [{ kind: 'set-value', value: 0, confirm: true }] } as const;
  const refusedByServer = await api.change(place, setToZero).then(
    () => undefined,
    (error: unknown) => (error instanceof ApiError ? (error.errors[0]?.message ?? error.message) : String(error)),
  );
  say(`the server: ${refusedByServer}`);

  await changeEverywhere(api, {
    flag: 'cache.ttl',
    instructions: [{ kind: 'update-definition', definition: { config: { schema: { type: 'integer' }, unit: 's' } } }],
  });
  const convergence = await changeEverywhere(api, setToZero);
  const { cacheTtl } = (await (await fetch(`${shopUrl}/stats`)).json()) as { cacheTtl: number };
  const { outcome, accepted, refusals } = convergence;
  const instances = refusals.reduce((sum, refusal) => sum + refusal.instances, 0);
  say(`without its bounds the server serves 0: ${outcome}, by ${instances} instances; the shop keeps ${cacheTtl} s`);
  for (const { reason } of refusals) say(`the instances: ${reason}`);
  const proof = { refusedByServer, outcome, reasons: refusals.map(({ reason }) => reason), cacheTtl };
  return { proof, figures: { instances, accepted } };
}

/** What has to come true. */
export const badConfigProof = {
  refusedByServer: 'expected to be >= 1, got 0 (in s)',
  outcome: 'refused',
  reasons: ['flag cache.ttl: must be at least 1 s, got 0'],
  cacheTtl: 60,
};

import type { ApiClient, ChangeInput, ConvergenceView } from '@sluice/api-client';
import { place } from '../setup.ts';

/** Changes something, and waits until every instance has said that it has it, or refused it. */
export async function changeEverywhere(api: ApiClient, change: ChangeInput): Promise<ConvergenceView> {
  const { id } = await api.change(place, change);
  return api.getConvergence(place, id, { wait: 'all', timeoutMs: 20_000 });
}

import type { Served } from '@sluice/authoring';
import { type Needed, useMay } from './may.ts';

/** Why whoever is signed in cannot do something in this environment, in words; undefined: they can. */
export function useRefusal(needed: Needed, served?: Served): string | undefined {
  return useMay().refuse(needed, served);
}

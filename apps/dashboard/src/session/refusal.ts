import { type Needed, useMay } from './may.ts';

/** Why this person cannot do something in this environment, in words; undefined: they can. */
export function useRefusal(needed: Needed): string | undefined {
  return useMay().refuse(needed);
}

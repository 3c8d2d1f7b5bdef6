import { type Needed, useMay } from './may.ts';

/** Why whoever is signed in cannot do something in this environment, in words; undefined: they can. */
export function useRefusal(needed: Needed): string | undefined {
  return useMay().refuse(needed);
}

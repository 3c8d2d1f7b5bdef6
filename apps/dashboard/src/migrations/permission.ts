import { type Instruction, mayDo } from '@sluice/authoring';
import { usePlace } from '../place.ts';
import { useSession } from '../session/session.ts';

/** Why this person may not move records like that, in words; undefined: they may. The server has the last word. */
export function useMoveRefusal(instruction: Instruction): string | undefined {
  const place = usePlace();
  const grants = useSession().data?.grants;
  if (grants === undefined || mayDo(grants, place, instruction)) return undefined;
  return 'you can look, not change: editors move records, operators return them';
}

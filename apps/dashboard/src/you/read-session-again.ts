import { queryClient } from '../api.ts';
import { sessionKey } from '../session/session.ts';

/** The session goes on under another name, and with another token for writes. */
export function readSessionAgain(): void {
  void queryClient.invalidateQueries({ queryKey: sessionKey });
  void queryClient.invalidateQueries({ queryKey: ['own-sessions'] });
}

import type { Reads } from '../database/schema.ts';
import type { SecretBox } from './secret-box.ts';

/** Says what is wrong when stored keys cannot be read with the secret that the server has; undefined: nothing. */
export async function findSecretProblem(
  reads: Reads,
  box: SecretBox,
): Promise<{ readonly cause: unknown } | undefined> {
  const row = await reads.selectFrom('credentials').select('sealed').limit(1).executeTakeFirst();
  if (row === undefined) return undefined;
  try {
    box.open(row.sealed);
    return undefined;
  } catch (cause) {
    return { cause };
  }
}

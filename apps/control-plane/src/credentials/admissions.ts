import type { Admission } from '@sluice/delivery';
import type { Database } from '../database/schema.ts';
import type { KeyUsage } from './key-usage.ts';
import { hashSecret } from './secret-box.ts';

/** Knows whose key it is without asking the database for each request. */
export class Admissions {
  readonly #db: Database;
  readonly #usage: KeyUsage;
  readonly #known = new Map<string, Admission>();
  readonly #revoked = new Set<string>();

  constructor(db: Database, usage: KeyUsage) {
    this.#db = db;
    this.#usage = usage;
  }

  /** Reads all keys that are in use. */
  async load(): Promise<void> {
    const rows = await this.#db
      .selectFrom('credentials')
      .select(['id', 'environmentId', 'hash'])
      .where('kind', '=', 'sdk-key')
      .where('revokedAt', 'is', null)
      .execute();
    for (const { id, environmentId, hash } of rows) this.#known.set(hash, { credentialId: id, environmentId });
  }

  /** `unknown` only after the table was asked; rejects when it cannot be. */
  async admit(sdkKey: string, now: number): Promise<Admission | 'unknown'> {
    const hash = hashSecret(sdkKey);
    const admission = this.#known.get(hash) ?? (await this.#find(hash));
    if (admission === undefined) return 'unknown';
    this.#usage.note('credentials', admission.credentialId, now);
    return admission;
  }

  /** For good: an id is never used again. */
  revoke(credentialId: string): void {
    this.#revoked.add(credentialId);
    for (const [hash, admission] of this.#known) if (admission.credentialId === credentialId) this.#known.delete(hash);
  }

  isRevoked(credentialId: string): boolean {
    return this.#revoked.has(credentialId);
  }

  /** Takes in which keys were revoked, on whichever server; answers those that are news here. */
  async takeInRevoked(): Promise<readonly Admission[]> {
    const revoked = await this.#db
      .selectFrom('credentials')
      .select(['id as credentialId', 'environmentId'])
      .where('kind', '=', 'sdk-key')
      .where('revokedAt', 'is not', null)
      .execute();
    const news = revoked.filter(({ credentialId }) => !this.isRevoked(credentialId));
    for (const { credentialId } of news) this.revoke(credentialId);
    return news;
  }

  async #find(hash: string): Promise<Admission | undefined> {
    const row = await this.#db
      .selectFrom('credentials')
      .select(['id as credentialId', 'environmentId'])
      .where('hash', '=', hash)
      .where('kind', '=', 'sdk-key')
      .where('revokedAt', 'is', null)
      .executeTakeFirst();
    // Revoked since it was read.
    if (row === undefined || this.isRevoked(row.credentialId)) return undefined;
    this.#known.set(hash, row);
    return row;
  }
}

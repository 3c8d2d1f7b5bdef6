import type { ApiClient } from '@sluice/api-client';
import type { Answer, Customer } from '../load/load.ts';
import type { MailUrls } from '../mail/receipts.ts';

/** Where a story plays: a server, and a shop that is connected to it. */
export interface Stage {
  readonly api: ApiClient;
  readonly shopUrl: string;
  readonly mail: MailUrls;
  /** Has customers shop until `meanwhile` is done, which may `watch` them; resolves with the answers that they got. */
  shopping(
    customers: readonly Customer[],
    meanwhile: (watch: () => Promise<void>) => Promise<void>,
  ): Promise<readonly Answer[]>;
  /** Lets so many seconds of the shop's own time go by, while somebody looks at each of so many products all the time. */
  browse(products: number, seconds: number): Promise<void>;
  /** Lets milliseconds go by. */
  pass(ms: number): Promise<void>;
  /** Resolves when what the shop counted up to now has reached the server. */
  counted(): Promise<void>;
  /** Milliseconds of the clock by which answers are told. */
  now(): number;
  say(line: string): void;
}

import { resolve } from 'node:path';
import type { Client, Log, Platform, SurroundingsSource } from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import type { ValuesInForce } from '../in-force.ts';
import { describeGiven, findDurationProblem, findNameProblem, findObjectProblem } from '../option-checks.ts';
import { findSubject } from '../surroundings/subject.ts';
import { Journal } from './journal.ts';
import { OrderInForce } from './order-in-force.ts';
import type { Provider } from './provider.ts';
import { Providers, type ProvidersOptions } from './providers.ts';
import type { ProviderSend } from './sending.ts';

export interface ProviderSetsOptions {
  readonly client: Client;
  readonly surroundings: SurroundingsSource;
  /** Where journals are that nobody gave a place; false: in memory; undefined: everybody has to say. */
  readonly journalFolder: string | false | undefined;
  readonly log: Log;
  readonly observe: ((send: ProviderSend) => void) | undefined;
  /** Is told what the sets do for everybody. */
  readonly tellInForce?: (orders: ValuesInForce) => void;
}

/** The provider sets of a client. Sets with the same folder share a journal, and its trips to the disk. */
export class ProviderSets {
  readonly #options: ProviderSetsOptions;
  readonly #platform: Platform;
  readonly #orders = new Map<string, OrderInForce>();
  readonly #journals = new Map<string, Journal>();

  constructor(options: ProviderSetsOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
  }

  create<Message>(
    key: string,
    providers: Readonly<Record<string, Provider<Message>>>,
    options: ProvidersOptions<Message>,
  ): Providers<Message> {
    checkSet(key, providers, options);
    // Two would not know of each other's messages on their way.
    if (this.#orders.has(key)) throw wrong(key, 'there is one already: create it once, and share it');
    const { client, surroundings, log, observe } = this.#options;
    const journal = this.#openJournal(key, options);
    const order = new OrderInForce(key, Object.keys(providers), { client, log, onJudged: () => this.#tell() });
    this.#orders.set(key, order);
    this.#tell();
    return new Providers(key, providers, options, {
      order,
      journal,
      platform: this.#platform,
      log,
      observe,
      describe: (context) => findSubject(context, surroundings.find()),
    });
  }

  /** Writes what journals have left. */
  async close(): Promise<void> {
    for (const order of this.#orders.values()) order.close();
    await Promise.all([...this.#journals.values()].map((journal) => journal.close()));
  }

  #tell(): void {
    this.#options.tellInForce?.([...this.#orders].map(([key, order]) => [key, order.summary] as const));
  }

  #openJournal<Message>(key: string, options: ProvidersOptions<Message>): Journal {
    const { log } = this.#options;
    const place = options.journal ?? this.#options.journalFolder;
    if (place === undefined) {
      throw wrong(key, 'journal must be a folder, or false for memory: the client has no cache folder to put it in');
    }
    if (place === false) return new Journal({ folder: undefined, log }, this.#platform);
    const folder = resolve(place);
    const journal =
      this.#journals.get(folder) ?? new Journal({ folder, keepBytes: options.journalBytes, log }, this.#platform);
    this.#journals.set(folder, journal);
    return journal;
  }
}

function checkSet<Message>(
  key: string,
  providers: Readonly<Record<string, Provider<Message>>>,
  options: ProvidersOptions<Message>,
): void {
  check('providers', findObjectProblem(providers, 'an object of providers'));
  check('options', findObjectProblem(options, 'an object with idempotencyKey'));
  const { idempotencyKey, timeoutMs = 1, deadlineMs = 1, journal = false, journalBytes = 1 } = options;
  if (Object.keys(providers).length === 0) throw wrong(key, 'expected at least one provider, got none');
  check('providers', findNameProblem(Object.keys(providers)));
  for (const [name, provider] of Object.entries(providers)) {
    if (typeof provider?.send !== 'function') throw wrong(key, `${name}.send must be a function`);
  }
  if (typeof idempotencyKey !== 'function') throw wrong(key, 'idempotencyKey must be a function that names a message');
  check('timeoutMs', findDurationProblem(timeoutMs));
  check('deadlineMs', findDurationProblem(deadlineMs));
  if (typeof journalBytes !== 'number' || !(journalBytes > 0))
    throw wrong(key, `journalBytes must be above 0, got ${describeGiven(journalBytes)}`);
  if (journal !== false && (typeof journal !== 'string' || journal === ''))
    throw wrong(key, `journal must be a folder, or false for memory, got ${describeGiven(journal)}`);

  function check(option: string, problem: string | undefined): void {
    if (problem !== undefined) throw wrong(key, `${option} ${problem}`);
  }
}

function wrong(key: string, problem: string): SluiceError {
  return new SluiceError('invalid-options', `providers ${key}: ${problem}`);
}

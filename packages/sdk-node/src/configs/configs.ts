import type { Client, Log, Surroundings, Telemetry, Widened } from '@sluice/sdk-common';
import { SluiceError } from '../errors.ts';
import type { ValuesInForce } from '../in-force.ts';
import { findObjectProblem } from '../option-checks.ts';
import { Config } from './config.ts';
import type { ConfigOptions, JudgedOptions } from './config-options.ts';
import { createJudge } from './judge.ts';

export interface ConfigsParts {
  readonly client: Client;
  readonly telemetry: Telemetry | undefined;
  readonly widest: Surroundings;
  readonly log: Log;
  /** Is told which values are in force for this process. */
  readonly tellInForce: (values: ValuesInForce) => void;
}

/** Whatever its values are. */
type AnyConfig = Pick<Config<unknown>, 'key' | 'problem' | 'refusal' | 'version' | 'raw' | 'refresh' | 'tell'>;

/** All configs of a client: what arrives is judged and put in force for all of them before anybody is told. */
export class Configs {
  readonly #parts: ConfigsParts;
  /** By flag; several parts of an application may use the same. */
  readonly #configs = new Map<string, Set<AnyConfig>>();
  /** What is refused now, and why: each refusal is counted once. */
  readonly #refusedFor = new Map<string, string>();
  #isListening = false;

  constructor(parts: ConfigsParts) {
    this.#parts = parts;
  }

  /** Throws a SluiceError when the options contradict themselves. */
  create<T>(key: string, options: ConfigOptions<T>): Config<Widened<T>> {
    const problem = findObjectProblem(options, 'an object with a default');
    if (problem !== undefined) throw new SluiceError('invalid-options', `config ${key}: options ${problem}`);
    const { client, widest, log } = this.#parts;
    if (!this.#isListening) client.onChange((keys) => this.#take(keys));
    this.#isListening = true;
    const config: Config<Widened<T>> = new Config(
      // Widened promises less than what is there.
      options.default as Widened<T>,
      {
        key,
        source: client,
        widest,
        // Bounds of numbers are only there where values are numbers.
        judge: createJudge(key, options as JudgedOptions),
        log,
        onProblem: () => this.#settle(key),
        onClose: () => this.#remove(config),
      },
    );
    this.#configs.set(key, (this.#configs.get(key) ?? new Set()).add(config));
    this.#settle(key);
    this.#report();
    return config;
  }

  #take(keys: readonly string[]): void {
    const changed = keys.flatMap((key) => [...(this.#configs.get(key) ?? [])]);
    for (const config of changed) config.refresh();
    for (const config of changed) config.tell();
    for (const key of new Set(changed.map((config) => config.key))) this.#settle(key);
    if (changed.length > 0) this.#report();
  }

  #remove(config: AnyConfig): void {
    const { key } = config;
    const others = this.#configs.get(key);
    others?.delete(config);
    if (others?.size === 0) this.#configs.delete(key);
    this.#settle(key);
    this.#report();
  }

  #report(): void {
    const all = [...this.#configs.values()];
    this.#parts.tellInForce(all.flatMap(([config]) => (config ? [[config.key, config.raw] as const] : [])));
  }

  /** The flag is refused when any of its configs does. */
  #settle(key: string): void {
    const { refusals } = this.#parts.client;
    const refusing = [...(this.#configs.get(key) ?? [])].find(({ problem }) => problem !== undefined);
    const reason = refusing?.problem?.slice(0, longestReason);
    if (reason === undefined) refusals.accept(key);
    else if (refusals.refuse(key, refusing?.version ?? 0, reason) && refusing?.refusal !== undefined)
      this.#parts.log.warn(`config ${key}: version ${refusing.version} is refused: ${refusing.refusal}`);
    if (reason !== undefined && reason !== this.#refusedFor.get(key))
      this.#parts.telemetry?.configRefusal({ key, reason });
    if (reason === undefined) this.#refusedFor.delete(key);
    else this.#refusedFor.set(key, reason);
  }
}

/** As the server has it: repeated with each heartbeat, by each instance. */
const longestReason = 200;

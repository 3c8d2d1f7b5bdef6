import { type ConfigInForce, longestConfig, mostConfigs } from '@sluice/protocol';
import type { Log, Platform, Reporter } from '@sluice/sdk-common';

/** By flag. */
export type ValuesInForce = readonly (readonly [key: string, raw: unknown])[];

/** Tells the server what is in force for this process: values of configs, and orders of provider sets. */
export class InForce {
  readonly #reporter: Pick<Reporter, 'configs'> | undefined;
  readonly #hash: Pick<Platform['hash'], 'sha256Base64'>;
  readonly #log: Log;
  readonly #values = new Map<'configs' | 'providers', ValuesInForce>();
  #areTooMany = false;

  /** Without a reporter nobody is told. */
  constructor(reporter: Pick<Reporter, 'configs'> | undefined, hash: Pick<Platform['hash'], 'sha256Base64'>, log: Log) {
    this.#reporter = reporter;
    this.#hash = hash;
    this.#log = log;
  }

  /** All values of a kind; of too many in all the first are told. */
  tell(kind: 'configs' | 'providers', values: ValuesInForce): void {
    this.#values.set(kind, values);
    const all = [...this.#values.values()].flat();
    if (all.length > mostConfigs && !this.#areTooMany && this.#reporter !== undefined) {
      this.#areTooMany = true;
      this.#log.warn(
        `the fleet view shows the first ${mostConfigs} of ${all.length} configs and provider sets in force here`,
      );
    }
    this.#reporter?.configs(all.slice(0, mostConfigs).map(([key, raw]) => describeInForce(key, raw, this.#hash)));
  }
}

/** How an instance tells of a value: as JSON, or as its hash where that is long; people compare more than they read. */
function describeInForce(
  key: string,
  raw: unknown,
  { sha256Base64 }: { sha256Base64(text: string): string },
): ConfigInForce {
  const text = toJson(raw);
  return { key, value: text.length <= longestConfig ? text : `sha256:${sha256Base64(text)}` };
}

/** Whatever was accepted is told of, though only test data can have made it of what is no JSON. */
function toJson(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? 'null';
  } catch (error) {
    return JSON.stringify(String(error));
  }
}

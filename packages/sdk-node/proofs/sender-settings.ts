/** What the program that sends is told when it starts, as JSON in its only argument. */
export interface SenderSettings {
  readonly value: unknown;
  /** Addresses of providers by name. */
  readonly urls: Readonly<Record<string, string>>;
  readonly honoursKeys: boolean;
  readonly journal: string;
  /** How long a provider may take. */
  readonly timeoutMs: number;
}

/** In place of a message: there are no more. */
export const theEnd = 'the end';

/** What a client has: the epoch, which changes when the database is restored, and the environment's version. */
export interface Selector {
  readonly epoch: string;
  readonly version: number;
}

/** `epoch:version`; only characters that need no escaping in a URL, because clients do not escape it. */
export function encodeSelector({ epoch, version }: Selector): string {
  return `${epoch}:${version}`;
}

/** Undefined for anything that we did not mint. */
export function parseSelector(text: string | null | undefined): Selector | undefined {
  const match = /^([A-Za-z0-9_-]{1,64}):(\d{1,15})$/.exec(text ?? '');
  if (match === null) return undefined;
  const [, epoch = '', version = ''] = match;
  return { epoch, version: Number(version) };
}

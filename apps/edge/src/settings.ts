import { EdgeError } from './errors.ts';

/** How the edge runs. Every setting is an option (`--port`) and a variable (`SLUICE_PORT`) alike; the option wins. */
export interface EdgeSettings {
  /** What is above: a control plane or another edge. */
  readonly upstream: string;
  /** What lets it in there. */
  readonly credential: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Folder of what it had last. */
  readonly data: string;
  readonly workers: number;
  readonly logLevel: string;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

/** Options of `sluice edge`, with the variable and the default of each. */
export const edgeOptions = {
  upstream: { variable: 'SLUICE_UPSTREAM', fallback: undefined, help: 'the server, or edge, above this one' },
  credential: { variable: 'SLUICE_EDGE_KEY', fallback: undefined, help: 'key that lets it in there: see edge create' },
  host: { variable: 'SLUICE_HOST', fallback: '127.0.0.1', help: 'address to listen on' },
  port: { variable: 'SLUICE_PORT', fallback: '7410', help: 'port to listen on' },
  data: { variable: 'SLUICE_DATA', fallback: './edge-data', help: 'folder of what it had last' },
  workers: { variable: 'SLUICE_WORKERS', fallback: '0', help: 'processes that serve SDKs beside this one' },
  'log-level': { variable: 'SLUICE_LOG_LEVEL', fallback: 'info', help: 'trace, debug, info, warn, error or silent' },
  'tls-cert': { variable: 'SLUICE_TLS_CERT', fallback: undefined, help: 'certificate file (PEM), for HTTPS' },
  'tls-key': { variable: 'SLUICE_TLS_KEY', fallback: undefined, help: 'key file (PEM) of the certificate' },
} as const;

type OptionName = keyof typeof edgeOptions;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const mostWorkers = 64;

/** Reads the settings; throws `invalid-settings` with a sentence for whoever starts the edge. */
export function parseEdgeSettings(
  options: Readonly<Partial<Record<OptionName, string | undefined>>>,
  variables: Readonly<Record<string, string | undefined>>,
): EdgeSettings {
  const read = (name: OptionName): string | undefined =>
    nonEmpty(options[name]) ?? nonEmpty(variables[edgeOptions[name].variable]) ?? edgeOptions[name].fallback;
  const fail = (name: OptionName, expected: string): never => {
    const { variable } = edgeOptions[name];
    const found = read(name) ?? 'nothing';
    throw new EdgeError('invalid-settings', `--${name} (${variable}) must be ${expected}, got ${found}`);
  };
  const readNumber = (name: OptionName, most: number): number => {
    const number = Number(read(name));
    if (!Number.isInteger(number) || number < 0 || number > most) return fail(name, `a number from 0 to ${most}`);
    return number;
  };
  const upstream = read('upstream') ?? '';
  // Logs and /status name it.
  if (hasPassword(upstream)) {
    const message =
      '--upstream (SLUICE_UPSTREAM) must be an address without user and password; what lets the edge in is --credential';
    throw new EdgeError('invalid-settings', message);
  }
  if (!URL.canParse(upstream) || !/^https?:/.test(upstream))
    fail('upstream', 'the address of a server or edge, such as http://127.0.0.1:7400');
  const credential = read('credential');
  if (credential === undefined || !/^[\x21-\x7e]+$/.test(credential)) {
    const message =
      '--credential (SLUICE_EDGE_KEY) must be the key of an edge; `sluice edge create NAME` makes one on the server';
    throw new EdgeError('invalid-settings', message);
  }
  const logLevel = read('log-level') ?? '';
  if (!logLevels.includes(logLevel)) fail('log-level', `one of ${logLevels.join(', ')}`);
  const [tlsCert, tlsKey] = [read('tls-cert'), read('tls-key')];
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new EdgeError('invalid-settings', '--tls-cert and --tls-key go together; only one of them is set');
  return {
    upstream,
    credential,
    host: read('host') ?? '',
    port: readNumber('port', 65_535),
    data: read('data') ?? '',
    workers: readNumber('workers', mostWorkers),
    logLevel,
    tlsCert,
    tlsKey,
  };
}

function hasPassword(url: string): boolean {
  const { username, password } = URL.parse(url) ?? { username: '', password: '' };
  return username !== '' || password !== '';
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

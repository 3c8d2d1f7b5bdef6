import { type Role, roles } from '@sluice/authoring';
import { type Cidr, parseCidr } from '@sluice/engine';
import { parseDatabaseUrl } from './database/database-url.ts';
import { ServerError } from './errors.ts';

/** In the data folder: the keys and the link that the first start made. */
export const firstStartFile = 'first-start.txt';

/** How the server runs. Every setting is an option (`--port`) and a variable (`SLUICE_PORT`) alike; the option wins. */
export interface Settings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The data folder. */
  readonly data: string;
  /** Of a PostgreSQL database; undefined: the embedded one in the data folder. */
  readonly databaseUrl: string | undefined;
  readonly logLevel: string;
  /** Bytes that the compiled flags and segments of an environment may have. */
  readonly payloadLimitBytes: number;
  /** Processes that serve SDKs beside this one; 0: this one serves them itself. */
  readonly workers: number;
  /** How many contexts are sampled in each environment; 0: none are kept. */
  readonly sampledContexts: number;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** Encrypts stored keys; replicas share it. Else one is made in the data folder. */
  readonly secret: string | undefined;
  /** Keys to use exactly as given, for `production`. */
  readonly bootstrap: Bootstrap;
  /** Where people reach the server: `https://flags.example.com`; undefined: where it listens. */
  readonly publicUrl: string | undefined;
  /** Whose word for where a request comes from is taken; undefined: nobody's. */
  readonly trustedProxies: readonly Cidr[] | undefined;
  /** Undefined: people log in by password only. */
  readonly signOn: SignOnSettings | undefined;
}

/** An OpenID Connect provider by which people log in. */
export interface SignOnSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** As the page of the login says. */
  readonly name: string;
  /** Of whoever comes for the first time, everywhere. */
  readonly role: Role;
}

export interface Bootstrap {
  readonly apiToken: string | undefined;
  readonly sdkKey: string | undefined;
  readonly clientSideId: string | undefined;
}

/** Options of `sluice server start`, with the variable and the default of each. */
export const serverOptions = {
  host: { variable: 'SLUICE_HOST', fallback: '127.0.0.1', help: 'address to listen on' },
  port: { variable: 'SLUICE_PORT', fallback: '7400', help: 'port to listen on' },
  data: { variable: 'SLUICE_DATA', fallback: './data', help: 'folder of the embedded database' },
  'database-url': {
    variable: 'SLUICE_DATABASE_URL',
    fallback: undefined,
    help: 'PostgreSQL instead, postgres://user:password@host:5432/database',
  },
  'log-level': { variable: 'SLUICE_LOG_LEVEL', fallback: 'info', help: 'trace, debug, info, warn, error or silent' },
  'payload-limit-mb': {
    variable: 'SLUICE_PAYLOAD_LIMIT_MB',
    fallback: '32',
    help: "megabytes that an environment's flags may have",
  },
  workers: { variable: 'SLUICE_WORKERS', fallback: '0', help: 'processes that serve SDKs beside this one' },
  'sampled-contexts': {
    variable: 'SLUICE_SAMPLED_CONTEXTS',
    fallback: '20000',
    help: 'contexts kept of each environment as a sample of 7 days; 0 keeps none',
  },
  'tls-cert': { variable: 'SLUICE_TLS_CERT', fallback: undefined, help: 'certificate file (PEM), for HTTPS' },
  'tls-key': { variable: 'SLUICE_TLS_KEY', fallback: undefined, help: 'key file (PEM) of the certificate' },
  'public-url': {
    variable: 'SLUICE_PUBLIC_URL',
    fallback: undefined,
    help: 'where people reach the server, https://flags.example.com, if not where it listens',
  },
  'trusted-proxies': {
    variable: 'SLUICE_TRUSTED_PROXIES',
    fallback: undefined,
    help: 'addresses of proxies in front, 10.0.0.5 or 10.0.0.0/8, with commas between, whose X-Forwarded-For counts',
  },
} as const;

type OptionName = keyof typeof serverOptions;

const mostWorkers = 64;
const mostSampledContexts = 20_000;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** Reads the settings; throws `invalid-settings` with a sentence for whoever starts the server. */
export function parseSettings(
  options: Readonly<Partial<Record<OptionName, string | undefined>>>,
  variables: Readonly<Record<string, string | undefined>>,
): Settings {
  const read = (name: OptionName): string | undefined =>
    nonEmpty(options[name]) ?? nonEmpty(variables[serverOptions[name].variable]) ?? serverOptions[name].fallback;
  const port = Number(read('port'));
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ServerError(
      'invalid-settings',
      `--port (SLUICE_PORT) must be a number from 0 to 65535, got ${read('port')}`,
    );
  }
  const logLevel = read('log-level') ?? '';
  if (!logLevels.includes(logLevel)) {
    throw new ServerError(
      'invalid-settings',
      `--log-level (SLUICE_LOG_LEVEL) must be one of ${logLevels.join(', ')}, got ${logLevel}`,
    );
  }
  const payloadLimitMb = Number(read('payload-limit-mb'));
  if (!(payloadLimitMb > 0)) {
    throw new ServerError(
      'invalid-settings',
      `--payload-limit-mb (SLUICE_PAYLOAD_LIMIT_MB) must be above 0, got ${read('payload-limit-mb')}`,
    );
  }
  const workers = Number(read('workers'));
  if (!Number.isInteger(workers) || workers < 0 || workers > mostWorkers) {
    throw new ServerError(
      'invalid-settings',
      `--workers (SLUICE_WORKERS) must be a number from 0 to ${mostWorkers}, got ${read('workers')}`,
    );
  }
  const sampledContexts = Number(read('sampled-contexts'));
  if (!Number.isInteger(sampledContexts) || sampledContexts < 0 || sampledContexts > mostSampledContexts) {
    throw new ServerError(
      'invalid-settings',
      `--sampled-contexts (SLUICE_SAMPLED_CONTEXTS) must be a number from 0 to ${mostSampledContexts}, got ${read('sampled-contexts')}`,
    );
  }
  const [tlsCert, tlsKey] = [read('tls-cert'), read('tls-key')];
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new ServerError('invalid-settings', '--tls-cert and --tls-key go together; only one of them is set');
  }
  const databaseUrl = read('database-url');
  const secret = nonEmpty(variables.SLUICE_SECRET);
  if (secret !== undefined && secret.length < 16) {
    throw new ServerError('invalid-settings', 'SLUICE_SECRET must have at least 16 characters');
  }
  return {
    host: read('host') ?? '',
    port,
    data: read('data') ?? '',
    databaseUrl: databaseUrl === undefined ? undefined : parseDatabaseUrl(databaseUrl),
    logLevel,
    payloadLimitBytes: payloadLimitMb * 1024 * 1024,
    workers,
    sampledContexts,
    tlsCert,
    tlsKey,
    secret,
    bootstrap: {
      apiToken: nonEmpty(variables.SLUICE_BOOTSTRAP_API_TOKEN),
      sdkKey: nonEmpty(variables.SLUICE_BOOTSTRAP_SDK_KEY),
      clientSideId: nonEmpty(variables.SLUICE_BOOTSTRAP_CLIENT_ID),
    },
    publicUrl: parsePublicUrl(read('public-url')),
    trustedProxies: parseTrustedProxies(read('trusted-proxies')),
    signOn: parseSignOn(variables),
  };
}

function parseTrustedProxies(text: string | undefined): readonly Cidr[] | undefined {
  return text?.split(',').map((part) => {
    const block = parseCidr(part.trim());
    if (block !== undefined) return block;
    throw new ServerError(
      'invalid-settings',
      `--trusted-proxies (SLUICE_TRUSTED_PROXIES) must be addresses or blocks such as 10.0.0.0/8 with commas between, got ${text}`,
    );
  });
}

function parsePublicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new ServerError(
      'invalid-settings',
      `--public-url (SLUICE_PUBLIC_URL) must be http(s)://host[:port] without a path, got ${text}`,
    );
  }
  return url.origin;
}

function parseSignOn(variables: Readonly<Record<string, string | undefined>>): SignOnSettings | undefined {
  const issuer = nonEmpty(variables.SLUICE_OIDC_ISSUER);
  if (issuer === undefined) return undefined;
  const need = (name: string): string => {
    const value = nonEmpty(variables[name]);
    if (value !== undefined) return value;
    throw new ServerError('invalid-settings', `SLUICE_OIDC_ISSUER is set, and ${name} is missing`);
  };
  if (!/^https?:\/\/./.test(issuer) || !URL.canParse(issuer)) {
    throw new ServerError('invalid-settings', `SLUICE_OIDC_ISSUER must be a URL, got ${issuer}`);
  }
  const role = nonEmpty(variables.SLUICE_OIDC_ROLE) ?? 'viewer';
  if (!isRole(role)) {
    throw new ServerError('invalid-settings', `SLUICE_OIDC_ROLE must be one of ${roles.join(', ')}, got ${role}`);
  }
  return {
    issuer,
    clientId: need('SLUICE_OIDC_CLIENT_ID'),
    clientSecret: need('SLUICE_OIDC_CLIENT_SECRET'),
    name: nonEmpty(variables.SLUICE_OIDC_NAME) ?? new URL(issuer).hostname,
    role,
  };
}

function isRole(text: string): text is Role {
  return roles.some((role) => role === text);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

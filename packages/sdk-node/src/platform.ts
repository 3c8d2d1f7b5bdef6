import { createHash, createHmac, randomUUID } from 'node:crypto';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import type { RegexCompiler } from '@sluice/engine';
import type { Hashes, Log, Platform } from '@sluice/sdk-common';
import { RE2JS } from 're2js';
import { createHttp } from './http.ts';
import { longestMs } from './option-checks.ts';
import { sockets } from './sockets.ts';

/** Regular expressions that take linear time, whatever a flag's author writes. */
const regex: RegexCompiler = (pattern) => {
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch {
    return undefined;
  }
};

const hash: Hashes = {
  createSha256: () => {
    const sha256 = createHash('sha256');
    return { update: (bytes) => void sha256.update(bytes), hex: () => sha256.digest('hex') };
  },
  sha256Base64: (text) => createHash('sha256').update(text).digest('base64'),
  hmacSha256Hex: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
};

/** What the process waits for while anybody holds it: to say so costs less than to start a timer. */
const anchor = setInterval(() => undefined, longestMs).unref();
let holds = 0;

function hold(): () => void {
  if (holds++ === 0) anchor.ref();
  return release;
}

function release(): void {
  if (--holds === 0) anchor.unref();
}

/** The machine as it is. */
export const nodePlatform: Platform = {
  clock: {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    after: (delayMs, callback, keepsAlive = false) => {
      // What is late already has less than nothing left, of which Node would warn.
      const timer = setTimeout(callback, Math.max(0, delayMs));
      if (!keepsAlive) timer.unref();
      return () => clearTimeout(timer);
    },
    hold,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  },
  random: () => Math.random(),
  createUuid: () => randomUUID(),
  http: createHttp(),
  sockets,
  hash,
  decodeUtf8: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  regex,
};

/** Warnings and errors on standard error. */
export const consoleLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => console.warn(`sluice: ${message}`),
  error: (message) => console.error(`sluice: ${message}`),
};

/** Where this user's programs keep what they can do without. */
export function findCacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice');
}

/** What OpenTelemetry was told of this process, under the names that people use for it, and the host. */
export function describeHost(): Readonly<Record<string, string>> {
  const told = new Map(
    (process.env.OTEL_RESOURCE_ATTRIBUTES ?? '').split(',').map((attribute) => {
      const equals = attribute.indexOf('=');
      return [attribute.slice(0, equals).trim(), attribute.slice(equals + 1).trim()] as const;
    }),
  );
  const found = {
    host: told.get('host.name') || hostname(),
    service: process.env.OTEL_SERVICE_NAME || told.get('service.name'),
    version: told.get('service.version'),
    region: told.get('cloud.region'),
    zone: told.get('cloud.availability_zone'),
  };
  const known = Object.entries(found).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(known);
}

/** The name of this instance that survives a restart: what OpenTelemetry was told, else the host's or pod's name. */
export function findInstanceKey(): string {
  const attributes = (process.env.OTEL_RESOURCE_ATTRIBUTES ?? '').split(',');
  const id = attributes.find((attribute) => attribute.startsWith('service.instance.id='))?.split('=')[1];
  return id || process.env.HOSTNAME || hostname();
}

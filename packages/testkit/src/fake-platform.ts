import { createHash, createHmac } from 'node:crypto';
import { FakeClock } from './fake-clock.ts';
import { FakeHttp } from './fake-http.ts';
import { FakeSockets } from './fake-sockets.ts';

/** What an SDK takes from the machine, in the hands of a test. */
export interface FakePlatform {
  readonly clock: FakeClock;
  readonly http: FakeHttp;
  readonly sockets: FakeSockets;
  /** What `random` gives; 0.5 until it is set. */
  randomValue: number;
  readonly random: () => number;
  readonly createUuid: () => string;
  readonly hash: {
    createSha256(): { update(bytes: Uint8Array | string): void; hex(): string };
    sha256Base64(text: string): string;
    hmacSha256Hex(key: string, text: string): string;
  };
  readonly decodeUtf8: (bytes: Uint8Array) => string;
  readonly regex: (pattern: string) => (text: string) => boolean;
}

export function createFakePlatform(): FakePlatform {
  let uuids = 0;
  const platform: FakePlatform = {
    clock: new FakeClock(),
    http: new FakeHttp(),
    sockets: new FakeSockets(),
    randomValue: 0.5,
    random: () => platform.randomValue,
    createUuid: () => `uuid-${++uuids}`,
    hash: {
      createSha256: () => {
        const sha256 = createHash('sha256');
        return { update: (bytes) => void sha256.update(bytes), hex: () => sha256.digest('hex') };
      },
      sha256Base64: (text) => createHash('sha256').update(text).digest('base64'),
      hmacSha256Hex: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
    },
    decodeUtf8: (bytes) => new TextDecoder().decode(bytes),
    regex: (pattern) => (text) => new RegExp(pattern).test(text),
  };
  return platform;
}

/** Keeps what is logged, as `level: message`. */
export interface FakeLog {
  readonly lines: string[];
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export function createFakeLog(): FakeLog {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

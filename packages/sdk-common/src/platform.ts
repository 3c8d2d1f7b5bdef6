import type { RegexCompiler } from '@sluice/engine';

/** What an SDK takes from the machine it runs on; tests bring their own. */
export interface Platform {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** A random UUID. */
  readonly createUuid: () => string;
  readonly http: Http;
  readonly sockets: Sockets;
  readonly hash: Hashes;
  readonly decodeUtf8: (bytes: Uint8Array) => string;
  readonly regex: RegexCompiler;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from anywhere, never going backwards. */
  elapsed(): number;
  /**
   * Calls back once after a delay, unless the returned function was called before. The process may end in the
   * meantime, unless `keepsAlive` asks it to wait.
   */
  after(delayMs: number, callback: () => void, keepsAlive?: boolean): () => void;
  /** Keeps the process from ending by itself, until the returned function is called; that is to be called once. */
  hold(): () => void;
  /** Resolves in a later turn of the event loop, after whatever waits for it. */
  turn(): Promise<void>;
}

export interface Http {
  /** Starts a request. Its response rejects on network errors and when aborted. */
  open(request: HttpRequest): HttpExchange;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Send the body gzipped. */
  readonly gzip?: boolean;
}

export interface HttpExchange {
  readonly response: Promise<HttpResponse>;
  abort(): void;
}

export interface HttpResponse {
  readonly status: number;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The body as text, unpacked; to be read once, or thrown away with `discard`. */
  text(): Promise<string>;
  /** The body as it comes, in pieces of text. */
  chunks(): AsyncIterable<string>;
  /** Reads the rest without keeping it, so that the connection can be used again. */
  discard(): void;
}

export interface Sockets {
  /** Opens a WebSocket. */
  open(request: { readonly url: string; readonly headers: Readonly<Record<string, string>> }): SocketExchange;
}

export interface SocketExchange {
  /** Rejects when no connection can be made, and when aborted. */
  readonly answer: Promise<SocketAnswer>;
  abort(): void;
}

export type SocketAnswer =
  | { readonly kind: 'open'; readonly socket: Socket }
  /** The server, or something before it, answered as it would to any request. By lower-case names of headers. */
  | { readonly kind: 'answered'; readonly status: number; header(name: string): string | undefined }
  /** A connection was made, and ended or stayed silent before there was an answer. */
  | { readonly kind: 'broken'; readonly message: string };

export interface Socket {
  /** What the server sends, as text, however it is cut into messages; ends when either side closes the socket. */
  chunks(): AsyncIterable<string>;
  /** Sends a message; nothing happens when the socket is closed already. */
  send(text: string): void;
}

export interface Hashes {
  /** SHA-256 in pieces. */
  createSha256(): { update(bytes: Uint8Array | string): void; hex(): string };
  sha256Base64(text: string): string;
  hmacSha256Hex(key: string, text: string): string;
}

/** Where the last good payload is kept; each name is a file or an entry of its own. */
export interface Storage {
  /** Undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes an entry, whole or not at all; what had the name before is kept under `previousName`. */
  replace(name: string, previousName: string, chunks: AsyncIterable<string>): Promise<void>;
}

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

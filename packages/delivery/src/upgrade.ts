import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export interface UpgradeRefusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers a request for another protocol as if it were any request, and closes the connection, whatever its client does. */
export function answerUpgrade(socket: Duplex, { status, code, detail, headers = {} }: UpgradeRefusal): void {
  socket.on('error', () => undefined);
  const body = JSON.stringify({ type: 'about:blank', status, code, title: detail });
  const fields = {
    ...headers,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  socket.once('finish', () => socket.destroy());
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
}

import { startTestDaemon } from './test-daemon.ts';

/** A Redis server for tests, in memory only; Debian's package is `redis-server`. */
export interface RedisServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startRedisServer(): Promise<RedisServer> {
  const { port, close } = await startTestDaemon({
    program: '/usr/bin/redis-server',
    readyLine: 'Ready to accept connections',
    prepare: (folder, port) => [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder],
      ...['--save', '', '--appendonly', 'no'],
    ],
  });
  return { url: `redis://127.0.0.1:${port}`, close };
}

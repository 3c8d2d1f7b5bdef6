import { fileURLToPath } from 'node:url';
import { startTestDaemon } from './test-daemon.ts';

/** A server for tests that speaks DynamoDB's protocol (dynalite), in memory. */
export interface DynamoServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startDynamoServer(): Promise<DynamoServer> {
  const program = fileURLToPath(import.meta.resolve('dynalite/cli.js'));
  const { port, close } = await startTestDaemon({
    program: process.execPath,
    readyLine: 'Dynalite listening',
    prepare: (_, port) => [program, '--host', '127.0.0.1', '--port', String(port), '--createTableMs', '0'],
  });
  return { url: `http://127.0.0.1:${port}`, close };
}

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestDaemon } from './test-daemon.ts';

/** A MariaDB server for tests; Debian's package is `mariadb-server`. */
export interface MariadbServer {
  /** Of database `shop`, with a user that may do anything. */
  readonly url: string;
  close(): Promise<void>;
}

const password = 'not-to-be-printed';

const firstStatements = `create database shop character set utf8mb4 collate utf8mb4_general_ci;
create user sluice@'%' identified by '${password}';
grant all on *.* to sluice@'%';
`;

/** It sorts and compares as people do, unless told otherwise. Commits do not reach the disk. */
export async function startMariadbServer(): Promise<MariadbServer> {
  const { port, close } = await startTestDaemon({
    program: '/usr/sbin/mariadbd',
    readyLine: 'ready for connections',
    prepare: (folder, port) => {
      const data = `--datadir=${join(folder, 'data')}`;
      // Both refuse to run as root unless told to.
      const user = process.getuid?.() === 0 ? ['--user=root'] : [];
      execFileSync(
        'mariadb-install-db',
        ['--no-defaults', data, ...user, '--auth-root-authentication-method=normal', '--skip-test-db'],
        { cwd: folder, stdio: 'pipe' },
      );
      writeFileSync(join(folder, 'first.sql'), firstStatements);
      return [
        ...['--no-defaults', data, ...user, `--init-file=${join(folder, 'first.sql')}`],
        ...['--bind-address=127.0.0.1', `--port=${port}`, `--socket=${join(folder, 'socket')}`],
        ...[`--pid-file=${join(folder, 'pid')}`, '--skip-name-resolve', '--innodb-flush-log-at-trx-commit=0'],
        ...['--innodb-doublewrite=0', '--innodb-buffer-pool-size=32M'],
      ];
    },
  });
  return { url: `mysql://sluice:${password}@127.0.0.1:${port}/shop`, close };
}

import { describe, expect, test } from 'vitest';
import { EdgeError } from './errors.ts';
import { parseEdgeSettings } from './index.ts';

function findProblem(options: Parameters<typeof parseEdgeSettings>[0]): string {
  try {
    parseEdgeSettings({ upstream: 'http://127.0.0.1:7400', credential: 'edge-key', ...options }, {});
  } catch (error) {
    if (error instanceof EdgeError && error.code === 'invalid-settings') return error.message;
    throw error;
  }
  return 'none';
}

describe('the settings of an edge', () => {
  test.each(['http://ann:secret@127.0.0.1:7400', 'https://:secret@flags.example', 'ftp://secret@flags.example'])(
    'are no place for a password: %s is refused, and not repeated in the log or in /status',
    (upstream) => {
      expect(findProblem({ upstream })).toMatch(/without user and password; .* --credential$/);
      expect(findProblem({ upstream })).not.toContain('secret');
    },
  );

  test.each([
    [{ upstream: 'flags.example' }, '--upstream (SLUICE_UPSTREAM) must be the address of a server or edge'],
    [{ upstream: '' }, 'got nothing'],
    [{ credential: '' }, '--credential (SLUICE_EDGE_KEY) must be the key of an edge'],
    [{ credential: 'two words' }, '--credential (SLUICE_EDGE_KEY) must be the key of an edge'],
    [{ workers: '-1' }, '--workers (SLUICE_WORKERS) must be a number from 0 to 64, got -1'],
    [{ 'log-level': 'loud' }, '--log-level (SLUICE_LOG_LEVEL) must be one of trace, debug'],
    [{ 'tls-cert': 'cert.pem' }, '--tls-cert and --tls-key go together'],
  ])('%j: what is wrong is named', (options, problem) => {
    expect(findProblem(options)).toContain(problem);
  });
});

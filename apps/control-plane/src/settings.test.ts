import { describe, expect, test } from 'vitest';
import { parseSettings } from './settings.ts';

describe('settings', () => {
  test('have defaults', () => {
    expect(parseSettings({}, {})).toEqual({
      host: '127.0.0.1',
      port: 7400,
      data: './data',
      databaseUrl: undefined,
      logLevel: 'info',
      payloadLimitBytes: 32 * 1024 * 1024,
      workers: 0,
      sampledContexts: 20_000,
      tlsCert: undefined,
      tlsKey: undefined,
      secret: undefined,
      bootstrap: { apiToken: undefined, sdkKey: undefined, clientSideId: undefined },
    });
  });

  test('come from variables, and options win over them', () => {
    const variables = {
      SLUICE_HOST: '0.0.0.0',
      SLUICE_PORT: '80',
      SLUICE_DATA: '/data',
      SLUICE_DATABASE_URL: 'postgres://sluice:secret@db/sluice',
      SLUICE_LOG_LEVEL: 'debug',
      SLUICE_PAYLOAD_LIMIT_MB: '0.5',
      SLUICE_WORKERS: '2',
      SLUICE_SAMPLED_CONTEXTS: '500',
      SLUICE_TLS_CERT: 'c.pem',
      SLUICE_TLS_KEY: 'k.pem',
      SLUICE_SECRET: '0123456789abcdef',
      SLUICE_BOOTSTRAP_SDK_KEY: 'sdk-1',
    };
    expect(parseSettings({ port: '0', host: '::1' }, variables)).toEqual({
      host: '::1',
      port: 0,
      data: '/data',
      databaseUrl: 'postgres://sluice:secret@db/sluice',
      logLevel: 'debug',
      payloadLimitBytes: 512 * 1024,
      workers: 2,
      sampledContexts: 500,
      tlsCert: 'c.pem',
      tlsKey: 'k.pem',
      secret: '0123456789abcdef',
      bootstrap: { apiToken: undefined, sdkKey: 'sdk-1', clientSideId: undefined },
    });
  });

  test('that are empty are not set', () => {
    expect(parseSettings({ port: '' }, { SLUICE_PORT: '', SLUICE_SECRET: '', SLUICE_BOOTSTRAP_API_TOKEN: '' })).toEqual(
      parseSettings({}, {}),
    );
  });

  test.each<[Parameters<typeof parseSettings>[0], Parameters<typeof parseSettings>[1], string]>([
    [{ port: 'http' }, {}, '--port (SLUICE_PORT) must be a number from 0 to 65535, got http'],
    [{ port: '65536' }, {}, '--port (SLUICE_PORT) must be a number from 0 to 65535, got 65536'],
    [{ port: '80.5' }, {}, '--port (SLUICE_PORT) must be a number from 0 to 65535, got 80.5'],
    [{}, { SLUICE_PORT: '-1' }, '--port (SLUICE_PORT) must be a number from 0 to 65535, got -1'],
    [
      { 'trusted-proxies': '10.0.0.1, all' },
      {},
      '--trusted-proxies (SLUICE_TRUSTED_PROXIES) must be addresses or blocks such as 10.0.0.0/8 with commas between, got 10.0.0.1, all',
    ],
    [{ workers: '65' }, {}, '--workers (SLUICE_WORKERS) must be a number from 0 to 64, got 65'],
    [
      { 'log-level': 'loud' },
      {},
      '--log-level (SLUICE_LOG_LEVEL) must be one of trace, debug, info, warn, error, silent, got loud',
    ],
    [{ 'payload-limit-mb': '0' }, {}, '--payload-limit-mb (SLUICE_PAYLOAD_LIMIT_MB) must be above 0, got 0'],
    [{ 'payload-limit-mb': 'much' }, {}, '--payload-limit-mb (SLUICE_PAYLOAD_LIMIT_MB) must be above 0, got much'],
    [{ 'tls-cert': 'c.pem' }, {}, '--tls-cert and --tls-key go together; only one of them is set'],
    [{}, { SLUICE_SECRET: 'short' }, 'SLUICE_SECRET must have at least 16 characters'],
  ])('are refused with a sentence: %j %j', (options, variables, message) => {
    expect(() => parseSettings(options, variables)).toThrow(
      expect.objectContaining({ code: 'invalid-settings', message }),
    );
  });
});

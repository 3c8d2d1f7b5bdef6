import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLaunchDarklyClient, launchDarklyModes, startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn('not run: there is no openssl here to make a certificate with');
    return false;
  }
})();

/** A key, and a certificate that it signed itself, for 127.0.0.1. */
function makeCertificate(name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}-cert.pem`), join(folder, `${name}-key.pem`)];
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1';
  execFileSync(
    'openssl',
    ['req', ...options.split(' '), '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    { stdio: 'ignore' },
  );
  return { cert, key };
}

describe.skipIf(!hasOpenssl)('with a certificate and its key', () => {
  let server: TestServer;
  let ca: string;

  beforeAll(async () => {
    const { cert, key } = makeCertificate('own');
    ca = readFileSync(cert, 'utf8');
    server = await startTestServer({ variables: { SLUICE_TLS_CERT: cert, SLUICE_TLS_KEY: key } });
  });

  afterAll(() => server.close());

  test('HTTPS is spoken, and the address says so, here and in first-start.txt', async () => {
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(readFileSync(join(server.folder, 'first-start.txt'), 'utf8')).toContain(`url: ${server.url}\n`);
    const [response] = await once(get(`${server.url}/readyz`, { ca, agent: false }), 'response');
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  test('who does not trust the certificate, or speaks HTTP, gets nothing', async () => {
    await expect(fetch(`${server.url}/readyz`)).rejects.toMatchObject({
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
    await expect(fetch(`${server.url.replace('https', 'http')}/readyz`)).rejects.toThrow('fetch failed');
  });

  test.each(launchDarklyModes)('the LaunchDarkly Node SDK gets its flags, %s', async (mode) => {
    const client = createLaunchDarklyClient(server, mode, { tlsParams: { ca } });
    await client.waitForInitialization({ timeout: 10 });
    expect(client.initialized()).toBe(true);
    client.close();
  });
});

describe('a server does not start with', () => {
  async function expectRefused(cert: string, key: string, found: RegExp): Promise<void> {
    const variables = { SLUICE_TLS_CERT: cert, SLUICE_TLS_KEY: key };
    const refusal = await startTestServer({ folder, variables }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'invalid-settings',
      message: expect.stringContaining(`--tls-cert ${cert} and --tls-key ${key} cannot be used: `),
    });
    expect(refusal).toMatchObject({ message: expect.stringMatching(found) });
  }

  test('a certificate that is not there', async () => {
    await expectRefused('/nonexistent/cert.pem', '/nonexistent/key.pem', /no such file/);
  });

  test('a certificate that is none', async () => {
    const file = join(folder, 'none.pem');
    writeFileSync(file, 'this is no certificate');
    await expectRefused(file, file, /no start line/);
  });

  test.skipIf(!hasOpenssl)('the key of another certificate', async () => {
    await expectRefused(makeCertificate('a').cert, makeCertificate('b').key, /key values mismatch/);
  });
});

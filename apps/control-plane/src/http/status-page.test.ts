import { startTestServer } from '@sluice/testkit';
import { expect, test } from 'vitest';

test('the page at / says what is running, and no secret', async () => {
  const server = await startTestServer();
  await server.api('POST', '/projects/default/flags', { key: 'checkout' });
  const response = await fetch(server.url);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  const page = await response.text();
  expect(page).toContain('Sluice is running');
  expect(page).toContain('<tr><td>default</td><td>production</td><td>1</td><td>0</td><td>1</td></tr>');
  expect(page).not.toContain(server.sdkKey);
  await server.close();
});

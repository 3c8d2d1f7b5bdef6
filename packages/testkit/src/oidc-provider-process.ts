import { Provider } from 'oidc-provider';

/**
 * An OpenID Connect provider in a process of its own, told by its arguments: port, client id, secret, and where clients
 * come back. Whoever says who they are is believed; addresses of `unproven-…` are not verified.
 */
const [port = '0', clientId = '', clientSecret = '', redirectUri = ''] = process.argv.slice(2);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false,
  findAccount: (_context, sub) => ({
    accountId: sub,
    claims: () => ({
      sub,
      name: sub,
      email: `${sub.replace(/^unproven-/, '')}@example.com`,
      email_verified: !sub.startsWith('unproven-'),
    }),
  }),
});

provider.listen(Number(port), '127.0.0.1', () => process.send?.('listening'));

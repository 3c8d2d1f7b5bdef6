import { type Client, NotAccepted, type Provider, type Providers } from '@sluice/sdk-node';

export interface Receipt {
  readonly order: string;
  readonly account: string;
  readonly text: string;
}

/** Where providers of e-mail are. */
export interface MailUrls {
  readonly pigeon: string;
  readonly falcon: string;
}

/** Receipts go out by `pigeon`, or by `falcon` when that does not work, and never twice. */
export function createReceipts(sluice: Client, { pigeon, falcon }: MailUrls): Providers<Receipt> {
  return sluice.providers(
    'receipts',
    { pigeon: createProvider(pigeon), falcon: createProvider(falcon) },
    { idempotencyKey: ({ order }) => `order-${order}`, timeoutMs: 2000 },
  );
}

function createProvider(url: string): Provider<Receipt> {
  return {
    honoursIdempotencyKey: true,
    send: async (receipt, { signal, idempotencyKey }) => {
      const response = await fetch(`${url}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(receipt),
        signal,
      });
      await response.text();
      // It answered, and did not take the message: another one may have it. All else that goes wrong leaves it open.
      if (!response.ok) throw new NotAccepted(`answered ${response.status}`);
    },
    probe: async ({ signal }) => {
      const response = await fetch(`${url}/health`, { signal });
      await response.text();
      if (!response.ok) throw new Error(`answered ${response.status}`);
    },
  };
}

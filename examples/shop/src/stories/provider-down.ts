import { changeEverywhere } from './change-everywhere.ts';
import type { Stage } from './stage.ts';

/** After a failure so long without one until messages go back: short, for a story. Five minutes unless set. */
const dwellMs = 5000;
/** A provider that does not work is tried again after so long. */
const trialMs = 10_000;
/** So many failures in a row, and a provider is passed over. */
const untilSick = 5;

/** The provider of e-mail fails in two ways: receipts go by the other one, none twice, and return when it is well. */
export async function providerDown(stage: Stage) {
  const { api, mail, say } = stage;
  const value = {
    providers: [
      { name: 'pigeon', state: 'active' },
      { name: 'falcon', state: 'standby' },
    ],
    ambiguous: 'idempotent-only',
    dwellMs,
    warmShare: 0,
  };
  await changeEverywhere(api, { flag: 'receipts', instructions: [{ kind: 'set-value', value }] });

  const healthy = await order(stage, 3);
  say(`pigeon is well: ${healthy}`);

  // Taken, and then no answer: it may have been delivered.
  await setFault(mail.pigeon, 'drop');
  const asked = order(stage, 1);
  while ((await listAccepted(mail.pigeon)).length < 4) await stage.pass(10);
  await setFault(mail.pigeon, 'none');
  const doubtful = await asked;
  say(`pigeon takes one and does not say so, and is asked again: ${doubtful}`);

  await setFault(mail.pigeon, 'refuse');
  const failedOver = await order(stage, untilSick);
  say(`pigeon refuses: ${failedOver}`);

  await setFault(mail.pigeon, 'none');
  await stage.pass(trialMs);
  // The first of them has it probed.
  const probed = await order(stage, 3);
  say(`pigeon is back, and watched: ${probed}`);
  await stage.pass(dwellMs + 1000);
  const back = await order(stage, 3);
  say(`pigeon was well for long enough: ${back}`);

  const [byPigeon, byFalcon] = [await listAccepted(mail.pigeon), await listAccepted(mail.falcon)];
  const receipts = [...byPigeon, ...byFalcon];
  const twice = receipts.length - new Set(receipts).size;
  say(
    `15 orders, ${receipts.length} receipts: ${byPigeon.length} by pigeon, ${byFalcon.length} by falcon, ${twice} twice`,
  );
  return { healthy, doubtful, failedOver, probed, back, receipts: receipts.length, twice };
}

/** What has to come true. */
export const providerDownProof = {
  healthy: 'pigeon, pigeon, pigeon',
  doubtful: 'pigeon',
  failedOver: 'falcon, falcon, falcon, falcon, falcon',
  probed: 'falcon, falcon, falcon',
  back: 'pigeon, pigeon, pigeon',
  receipts: 15,
  twice: 0,
};

/** Orders something so many times, and says by whom the receipts went. */
async function order({ shopUrl }: Stage, times: number): Promise<string> {
  const went: string[] = [];
  for (let time = 0; time < times; time++) {
    const response = await fetch(`${shopUrl}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-account': '7' },
      body: JSON.stringify({ product: 1, quantity: 1 }),
    });
    // As the shop answers it.
    const { receipt } = (await response.json()) as { receipt: { status: string; provider?: string } };
    went.push(receipt.provider ?? receipt.status);
  }
  return went.join(', ');
}

async function setFault(url: string, fault: string): Promise<void> {
  await fetch(`${url}/fault`, { method: 'PUT', body: fault });
}

async function listAccepted(url: string): Promise<readonly string[]> {
  // As `fake-provider.ts` answers it.
  return (await (await fetch(`${url}/accepted`)).json()) as string[];
}

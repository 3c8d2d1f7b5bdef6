import { type Cidr, cidrContains, parseAddress, parseCidr } from '@sluice/engine';
import { SluiceError } from '../errors.ts';
import { describeGiven } from '../option-checks.ts';

/**
 * Which proxies in front of this process are believed when they say for whom they ask: how many there are, or their
 * addresses as CIDR blocks. Headers of nobody else are believed: whoever could say any address could choose its rules.
 */
export type TrustProxy = number | readonly string[];

/** Finds who asks; undefined when that cannot be told, as when a client is gone. */
export type FindClientIp = (
  socketAddress: string | undefined,
  forwardedFor: string | readonly string[] | undefined,
) => string | undefined;

/** Throws a SluiceError when the setting cannot be right. */
export function createClientIpFinder(trustProxy: TrustProxy = 0): FindClientIp {
  const isTrusted = createTrust(trustProxy);
  return (socketAddress, forwardedFor) => {
    let ip = socketAddress === undefined ? undefined : toAddress(socketAddress);
    if (ip === undefined || !isTrusted(ip, 0) || forwardedFor === undefined) return ip;
    const said = (typeof forwardedFor === 'string' ? forwardedFor : forwardedFor.join()).split(',');
    for (let hops = 0; hops < said.length && isTrusted(ip, hops); hops++) {
      const before = toAddress(said[said.length - 1 - hops] ?? '');
      // Whoever is believed has said nothing that can be: the one before it is as far as is known.
      if (before === undefined) return ip;
      ip = before;
    }
    return ip;
  };
}

/** Whether an address that is so many hops away is a proxy of ours. */
function createTrust(trustProxy: TrustProxy): (ip: string, hops: number) => boolean {
  if (typeof trustProxy === 'number') {
    if (!Number.isInteger(trustProxy) || trustProxy < 0)
      throw new SluiceError('invalid-options', `trustProxy must be a number of proxies, got ${trustProxy}`);
    return (_, hops) => hops < trustProxy;
  }
  // What Express takes for proxies, and callers without types may pass.
  if (!Array.isArray(trustProxy)) {
    const expected = 'how many proxies there are, or a list of their addresses, such as 1 or ["10.0.0.0/8"]';
    throw new SluiceError('invalid-options', `trustProxy must be ${expected}, got ${describeGiven(trustProxy)}`);
  }
  const blocks = trustProxy.map((text, at): Cidr => {
    const block = parseCidr(text);
    if (block !== undefined) return block;
    const expected = 'an address or a block of addresses, such as "10.0.0.0/8"';
    throw new SluiceError('invalid-options', `trustProxy[${at}] must be ${expected}, got ${JSON.stringify(text)}`);
  });
  return (ip) => {
    const address = parseAddress(ip);
    return address !== undefined && blocks.some((block) => cidrContains(block, address));
  };
}

/** As rules name it: without port, brackets or zone, and an IPv4 address as one. */
function toAddress(said: string): string | undefined {
  const text = said.trim();
  const [, bracketed] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? [];
  const [, withPort] = /^([\d.]+):\d+$/.exec(text) ?? [];
  const [plain = ''] = (bracketed ?? withPort ?? text).split('%');
  if (parseAddress(plain) === undefined) return undefined;
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain) ?? [];
  return mapped ?? plain;
}

import type { IncomingMessage } from 'node:http';
import type { Arrival } from './fleet.ts';

/**
 * What a request says of an SDK that is not ours; undefined for ours, which say more themselves. Older SDKs send no id:
 * `fallbackId` stands in for it.
 */
export function describeForeign(
  { headers }: IncomingMessage,
  via: string,
  fallbackId: () => string,
): Arrival | undefined {
  const sdk = headers['user-agent'] ?? 'unknown';
  if (/^Sluice\w*\//.test(sdk)) return undefined;
  const given = headers['x-launchdarkly-instance-id'];
  const id = typeof given === 'string' && given !== '' ? given.slice(0, 256) : fallbackId();
  return {
    isForeign: true,
    key: id,
    session: id,
    // They do not count: whatever they ask for last counts.
    connection: 0,
    sdk: sdk.slice(0, 256),
    via,
    about: readTags(headers['x-launchdarkly-tags']),
    running: {},
  };
}

/** `application-id/shop application-version/1.4.1`. */
function readTags(header: string | string[] | undefined): Arrival['about'] {
  const pairs = [header ?? ''].flat().join(' ').slice(0, 1024).split(' ');
  const found = pairs.flatMap((pair): [string, string][] => {
    const [, name, value] = /^application-(id|version|name)\/([\w.-]{1,64})$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [[name === 'version' ? 'version' : 'service', value]];
  });
  return Object.fromEntries(found);
}

import { aNumber, describeMalformation, objectOf, optional, type Shape } from '@sluice/protocol';
import type { BigSegmentStore } from '../src/index.ts';
import { callBack } from './callbacks.ts';

const metadataShape = objectOf({ lastUpToDate: optional(aNumber) });
const membershipShape = objectOf({ values: optional(objectOf({})) });

/** A store of big segments whose content the harness makes up, query by query. */
export function createCallbackSegmentStore(callbackUri: string): BigSegmentStore {
  const url = callbackUri.replace(/\/+$/, '');
  return {
    getMetadata: async () => {
      const answer = await ask<{ lastUpToDate?: number | null }>(`${url}/getMetadata`, {}, metadataShape);
      return { lastUpToDate: answer.lastUpToDate ?? null };
    },
    getMembership: async (contextHash) => {
      const answer = await ask<{ values?: Record<string, boolean | null> | null }>(
        `${url}/getMembership`,
        { contextHash },
        membershipShape,
      );
      return answer.values === undefined || answer.values === null ? undefined : withoutNulls(answer.values);
    },
  };
}

async function ask<T>(url: string, body: unknown, shape: Shape): Promise<T> {
  const answer = await callBack(url, body);
  const wrong = shape(answer, '');
  if (wrong !== undefined) throw new Error(`${url}: ${describeMalformation(wrong)}`);
  // The shape says so.
  return answer as T;
}

/** Null says nothing of a segment. */
function withoutNulls(values: Readonly<Record<string, boolean | null>>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, boolean] => entry[1] !== null));
}

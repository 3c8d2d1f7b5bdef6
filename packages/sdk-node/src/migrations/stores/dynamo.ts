import type { Applied, Store, WriteOptions } from '../store.ts';

/** What is used of `DynamoDBDocument` of `@aws-sdk/lib-dynamodb`. */
export interface DynamoDocument {
  get(
    input: { TableName: string; Key: Item; ConsistentRead: boolean },
    options: { abortSignal: AbortSignal },
  ): Promise<{ Item?: Item | undefined }>;
  put(input: DynamoPut, options: { abortSignal: AbortSignal }): Promise<unknown>;
}

interface DynamoPut {
  TableName: string;
  Item: Item;
  ConditionExpression: string;
  ExpressionAttributeNames: Record<string, string>;
  ExpressionAttributeValues?: Item;
}

// Of what a value is made, the driver knows.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Item = Record<string, any>;

export interface DynamoLayout {
  readonly table: string;
  /** The partition key, a string; the table has no sort key. */
  readonly key: string;
  /** An attribute of strings, missing in items that something without versions wrote. `mig_version` by default. */
  readonly version?: string;
  /**
   * The attribute that only tombstones have. Whatever else reads the table must leave those out. `mig_deleted` by
   * default.
   */
  readonly deleted?: string;
}

/**
 * A table of DynamoDB as a store. A value is an item's attributes, its key among them; a write replaces all of them.
 * Items have no order by which all could be read: a backfill looks up what the other store has, and cannot begin here.
 */
export function dynamoStore<T extends object>(client: DynamoDocument, layout: DynamoLayout): Store<T> {
  const { table, key: keyName, version: versionName = 'mig_version', deleted: deletedName = 'mig_deleted' } = layout;

  async function put(key: string, content: Item, { version, signal }: WriteOptions): Promise<Applied> {
    signal.throwIfAborted();
    // A version that is below all others is not written: an item without one has it.
    const ours = version === '' ? {} : { [versionName]: version };
    try {
      await client.put(
        { TableName: table, Item: { ...content, [keyName]: key, ...ours }, ...conditionFor(version) },
        { abortSignal: signal },
      );
      return 'applied';
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return 'stale';
      throw error;
    }
  }

  function conditionFor(version: string) {
    if (version === '') {
      return { ConditionExpression: 'attribute_not_exists(#key)', ExpressionAttributeNames: { '#key': keyName } };
    }
    return {
      ConditionExpression: 'attribute_not_exists(#version) OR #version < :version',
      ExpressionAttributeNames: { '#version': versionName },
      ExpressionAttributeValues: { ':version': version },
    };
  }

  return {
    read: async (key, { signal }) => {
      signal.throwIfAborted();
      const { Item: item } = await client.get(
        { TableName: table, Key: { [keyName]: key }, ConsistentRead: true },
        { abortSignal: signal },
      );
      if (item === undefined) return undefined;
      const { [versionName]: version = '', [deletedName]: deleted, ...content } = item;
      // The table holds what the caller says it does.
      return { value: deleted === true ? undefined : (content as T), version };
    },
    write: (key, value, options) => put(key, value, options),
    remove: (key, options) => put(key, { [deletedName]: true }, options),
  };
}

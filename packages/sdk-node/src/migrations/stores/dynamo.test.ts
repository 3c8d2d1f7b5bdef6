import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';
import { type DynamoServer, startDynamoServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Order, orderOf, type StorePlace, testStore, versionOf } from '../../../contract-tests/store-contract.ts';
import { dynamoStore } from './dynamo.ts';

const { signal } = new AbortController();

describe('on DynamoDB', () => {
  let server: DynamoServer;
  let client: DynamoDBDocument;

  function connect(): DynamoDBDocument {
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
    return DynamoDBDocument.from(new DynamoDBClient({ endpoint: server.url, region: 'local', credentials }));
  }

  beforeAll(async () => {
    server = await startDynamoServer();
    client = connect();
    await client.send(
      new CreateTableCommand({
        TableName: 'orders',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  });
  afterAll(async () => {
    client?.destroy();
    await server?.close();
  });

  async function startDynamo(): Promise<StorePlace> {
    const others: DynamoDBDocument[] = [];
    return {
      open: async () => {
        const other = connect();
        others.push(other);
        return dynamoStore<Order>(other, { table: 'orders', key: 'id' });
      },
      clear: async () => {
        const { Items: items = [] } = await client.scan({ TableName: 'orders' });
        await Promise.all(items.map(({ id }) => client.delete({ TableName: 'orders', Key: { id } })));
      },
      putWithoutVersion: async (order) => {
        await client.put({ TableName: 'orders', Item: order });
      },
      close: async () => {
        for (const other of others) other.destroy();
      },
    };
  }
  testStore('an item for each record', startDynamo, { isScanned: false });

  test('attributes have the names that they are told to have', async () => {
    const store = dynamoStore<Order>(client, { table: 'orders', key: 'id', version: 'my version', deleted: 'is gone' });
    await store.write('named', orderOf('named'), { version: versionOf(1), signal });
    const find = async () => (await client.get({ TableName: 'orders', Key: { id: 'named' } })).Item;
    expect(await find()).toEqual({ ...orderOf('named'), 'my version': versionOf(1) });
    await store.remove('named', { version: versionOf(2), signal });
    expect(await find()).toEqual({ id: 'named', 'my version': versionOf(2), 'is gone': true });
    expect(await store.read('named', { signal })).toEqual({ value: undefined, version: versionOf(2) });
  });

  test('fails as the database does where it is something else', async () => {
    const store = dynamoStore<Order>(client, { table: 'nowhere', key: 'id' });
    const write = store.write('a', orderOf('a'), { version: versionOf(1), signal });
    await expect(write).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

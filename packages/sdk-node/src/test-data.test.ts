import { describe, expect, test } from 'vitest';
import { createClient } from './create-client.ts';
import { TestData } from './test-data.ts';

const ann = { kind: 'user', key: 'ann' };
const bob = { kind: 'user', key: 'bob' };

async function createWith(testData: TestData) {
  const client = createClient({ testData });
  expect(await client.ready({ timeoutMs: 0 })).toBe(true);
  return client;
}

describe('test data', () => {
  test('serves at once what it holds, and what it is changed to', async () => {
    const testData = new TestData().set('flag', 'a');
    const client = await createWith(testData);
    const heard: (readonly string[])[] = [];
    client.onChange((keys) => heard.push(keys));
    expect(client.status).toMatchObject({ state: 'live', origin: 'test' });
    expect(client.value('flag', ann, 'default')).toBe('a');
    testData.set('flag', 'b').set('new', 5);
    expect(client.value('flag', ann, 'default')).toBe('b');
    expect(client.value('new', ann, 0)).toBe(5);
    testData.remove('flag');
    expect(client.value('flag', ann, 'default')).toBe('default');
    expect(heard).toEqual([['flag'], ['new'], ['flag']]);
  });

  test('has flags as helpers look at them, until they are removed', async () => {
    const testData = new TestData().set('flag', 'a');
    const client = await createWith(testData);
    expect(client.findFlag('flag')).toMatchObject({ key: 'flag', version: 2, variations: ['a'] });
    testData.remove('flag');
    expect([client.findFlag('flag'), client.findFlag('other')]).toEqual([undefined, undefined]);
  });

  test('serves one value to one context and another to the rest', async () => {
    const testData = new TestData().set('flag', 'all').setFor('flag', ann, 'hers').setFor('alone', ann, 1);
    const client = await createWith(testData);
    expect([client.value('flag', ann, ''), client.value('flag', bob, '')]).toEqual(['hers', 'all']);
    expect([client.value('alone', ann, 0), client.value('alone', bob, 0)]).toEqual([1, 0]);
    testData.setFor('flag', ann, 'new').setFor('flag', { kind: 'org', key: 'o' }, 'theirs');
    expect(client.value('flag', ann, '')).toBe('new');
    expect(client.value('flag', { kind: 'org', key: 'o' }, '')).toBe('theirs');
    expect(client.value('flag', bob, '')).toBe('all');
  });

  test('keeps serving to the rest what a flag served that was off', async () => {
    const testData = new TestData()
      .setFlag({ key: 'flag', on: false, variations: ['on', 'off'], offVariation: 1 })
      .setFor('flag', ann, 'hers');
    const client = await createWith(testData);
    expect([client.value('flag', ann, ''), client.value('flag', bob, '')]).toEqual(['hers', 'off']);
  });

  test('serves to one context a flag that was removed', async () => {
    const testData = new TestData().set('flag', 'all').remove('flag').setFor('flag', ann, 'hers');
    const client = await createWith(testData);
    expect([client.value('flag', ann, ''), client.value('flag', bob, '')]).toEqual(['hers', '']);
  });

  test('serves rules and segments as they would be delivered', async () => {
    const clauses = [{ attribute: '', op: 'segmentMatch', values: ['members'] }];
    const testData = new TestData()
      .setFlag({
        key: 'flag',
        on: true,
        variations: [true, false],
        rules: [{ clauses, variation: 0 }],
        fallthrough: { variation: 1 },
      })
      .setSegment({ key: 'members', included: ['ann'] });
    const client = await createWith(testData);
    expect([client.enabled('flag', ann), client.enabled('flag', bob)]).toEqual([true, false]);
    testData.setSegment({ key: 'members', included: ['bob'] });
    expect([client.enabled('flag', ann), client.enabled('flag', bob)]).toEqual([false, true]);
  });

  test('serves every client that has it, until that is closed', async () => {
    const testData = new TestData();
    const [first, second] = [await createWith(testData), await createWith(testData)];
    testData.set('flag', 1);
    await first.close();
    testData.set('flag', 2);
    expect([first.value('flag', ann, 0), second.value('flag', ann, 0)]).toEqual([1, 2]);
  });

  test('leaves the objects of the test alone', async () => {
    const value = { list: [1] };
    const testData = new TestData().set('flag', value);
    const client = await createWith(testData);
    const served = client.value('flag', ann, { list: [0] });
    expect(served).toEqual({ list: [1] });
    value.list.push(2);
    expect(value.list).toEqual([1, 2]);
    expect(client.value('flag', ann, { list: [0] })).toEqual({ list: [1] });
    expect(() => served.list.push(3)).toThrow(TypeError);
  });
});

import type { EnvironmentFlagView } from '@sluice/api-client';

interface Snippet {
  readonly title: string;
  readonly text: string;
}

/** Code that asks for a flag at this server; the SDK key is the reader's. */
export function listSnippets(flag: EnvironmentFlagView, url: string): readonly Snippet[] {
  return [
    { title: 'Sluice SDK for Node', text: `${ourClient(url)}\n\n${ourCall(flag)}\n` },
    ...(flag.kind === 'migration' || flag.kind === 'valve'
      ? []
      : [{ title: 'LaunchDarkly SDK for Node', text: launchDarkly(flag, url) }]),
  ];
}

// Put together, as these pages themselves import nothing of it and have no process.
const sdkKey = ['process', 'env', 'SLUICE_SDK_KEY'].join('.');

function importLine(name: string, from: string): string {
  return ['import', `{ ${name} }`, 'from', `'${from}';`].join(' ');
}

function ourClient(url: string): string {
  return [
    importLine('createClient', '@sluice/sdk-node'),
    '',
    `const sluice = createClient({ url: '${url}', sdkKey: ${sdkKey} });`,
    'await sluice.ready({ timeoutMs: 2000 });',
  ].join('\n');
}

function ourCall({ key, kind, variations }: EnvironmentFlagView): string {
  const name = JSON.stringify(key);
  switch (kind) {
    case 'release': {
      const context = `{ kind: 'user', key: 'mara' }`;
      const [first] = variations;
      return typeof first?.value === 'boolean'
        ? `if (sluice.enabled(${name}, ${context})) {\n  // …\n}`
        : `const value = sluice.value(${name}, ${context}, ${JSON.stringify(variations.at(-1)?.value ?? null)});`;
    }
    case 'config':
      return `const setting = sluice.config(${name}, { default: ${JSON.stringify(variations[0]?.value ?? null)} });\nsetting.get();`;
    case 'valve': {
      const modes = variations.map(({ id }) => `    ${JSON.stringify(id)}: async () => { /* … */ },`);
      return [
        `const valve = sluice.valve(${name}, {`,
        '  modes: {',
        ...modes,
        '  },',
        '  timeoutMs: 300,',
        '});',
        'await valve.run();',
      ].join('\n');
    }
    case 'migration':
      return `const records = sluice.migration(${name}, { key: (id) => id, old: oldStore, new: newStore });\nawait records.write(id, value);\nawait records.read(id);`;
  }
}

function launchDarkly({ key, variations }: EnvironmentFlagView, url: string): string {
  return [
    importLine('init', '@launchdarkly/node-server-sdk'),
    '',
    `const client = init(${sdkKey}, {`,
    `  baseUri: '${url}',`,
    `  streamUri: '${url}',`,
    `  eventsUri: '${url}',`,
    '});',
    'await client.waitForInitialization({ timeout: 2 });',
    '',
    `const value = await client.variation(${JSON.stringify(key)}, { kind: 'user', key: 'mara' }, ${JSON.stringify(variations.at(-1)?.value ?? null)});`,
    '',
  ].join('\n');
}

/** An SDK that passed the tests against our server. */
export interface TestedSdk {
  readonly sdk: string;
  readonly version: string;
  readonly mode: string;
  /** When: `2026-11-23`. */
  readonly date: string;
}

const start = '<!-- sdks -->';
const end = '<!-- /sdks -->';

export function formatSdkTable(tested: readonly TestedSdk[]): string {
  const rows = tested.map(({ sdk, version, mode, date }) => `| ${sdk} | ${version} | ${mode} | ${date} |`);
  return ['| SDK | version | mode | tested |', '|---|---|---|---|', ...rows].join('\n');
}

export function replaceSdkTable(readme: string, table: string): string {
  const [before, after] = [readme.indexOf(start), readme.indexOf(end)];
  if (before < 0 || after < before)
    throw new Error(`the README has no place for the table, between ${start} and ${end}`);
  return `${readme.slice(0, before + start.length)}\n${table}\n${readme.slice(after)}`;
}

/** The rows of the table that a README has. */
export function readSdkTable(readme: string): readonly TestedSdk[] {
  const table = readme.slice(readme.indexOf(start), readme.indexOf(end));
  return [...table.matchAll(/^\| (\S+) \| (\S+) \| (.+?) \| (\d{4}-\d\d-\d\d) \|$/gm)].map(
    ([, sdk = '', version = '', mode = '', date = '']) => ({ sdk, version, mode, date }),
  );
}

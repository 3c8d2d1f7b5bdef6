const browsers: readonly (readonly [RegExp, string])[] = [
  // Each says that it is the next ones too.
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

const machines: readonly (readonly [RegExp, string])[] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** `Firefox on Linux`, by what a browser says of itself. */
export function describeBrowser(userAgent: string): string {
  const find = (list: typeof browsers) => list.find(([pattern]) => pattern.test(userAgent))?.[1];
  const [browser, machine] = [find(browsers), find(machines)];
  if (browser === undefined) return userAgent === '' ? 'an unknown browser' : (userAgent.split(' ')[0] ?? userAgent);
  return machine === undefined ? browser : `${browser} on ${machine}`;
}

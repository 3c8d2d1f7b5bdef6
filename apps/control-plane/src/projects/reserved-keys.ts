/** First parts of addresses that are not a project's: no project may be named so, or its pages could not be reached. */
export const reservedKeys: readonly string[] = [
  'api',
  'sdk',
  'metrics',
  'assets',
  'login',
  'setup',
  'invitation',
  'recovery',
];

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes a minute and more: begun last, it would be waited for by nobody but itself. */
const longest = [
  'scripts/clones.test.ts',
  'scripts/docs.test.ts',
  'apps/control-plane/src/clients/launchdarkly-life.test.ts',
  'apps/dashboard/journeys/pages.test.ts',
  'apps/control-plane/proofs/kills.test.ts',
  'apps/dashboard/journeys/flag.test.ts',
  'bench/src/fleet/fleet.test.ts',
  'apps/dashboard/journeys/migrations.test.ts',
  'apps/dashboard/journeys/changes.test.ts',
  'packages/sdk-node/proofs/providers.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((path) => moduleId.endsWith(path));
      return index === -1 ? longest.length : index;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

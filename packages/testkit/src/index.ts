export { Arrivals } from './arrivals.ts';
export { breakSomewhere } from './break-somewhere.ts';
export {
  arbitraryBrokenInstruction,
  arbitraryChanges,
  arbitraryFlagKey,
  arbitraryInstruction,
  arbitrarySegmentKey,
} from './change-arbitraries.ts';
export { type DynamoServer, startDynamoServer } from './dynamo-server.ts';
export { FakeClock, settle } from './fake-clock.ts';
export { FakeExchange, FakeHttp, type FakeRequest } from './fake-http.ts';
export { createFakeLog, createFakePlatform, type FakeLog, type FakePlatform } from './fake-platform.ts';
export { createFakeServerPlatform, type FakeServerPlatform } from './fake-server-platform.ts';
export { FakeSocketExchange, FakeSockets } from './fake-sockets.ts';
export { findFreePort } from './free-port.ts';
export { isInstalled } from './installed.ts';
export {
  createLaunchDarklyClient,
  findLaunchDarklyVersion,
  type LaunchDarklyMode,
  launchDarklyModes,
  launchDarklySdk,
  untilUpdated,
} from './launchdarkly-client.ts';
export { createLaunchDarklyData, type LaunchDarklyData } from './launchdarkly-data.ts';
export { conformanceFolder, type LaunchDarklyEvaluation, readLaunchDarklySuites } from './launchdarkly-suites.ts';
export { type MariadbServer, startMariadbServer } from './mariadb-server.ts';
export { createMemoryEnvironment, type MemoryEnvironment } from './memory-environment.ts';
export { flagOf, listStumbles, segmentOf, wholeFlag, wholeSegment } from './objects.ts';
export { findOldNode } from './old-node.ts';
export {
  findPostgres,
  type PostgresCluster,
  type PostgresClusterOptions,
  startPostgresCluster,
} from './postgres-cluster.ts';
export { createRandom, type Random } from './random.ts';
export { createRandomContexts } from './random-contexts.ts';
export { createRandomRuleset, type FlagRecipe, type RandomRuleset, type SegmentRecipe } from './random-ruleset.ts';
export { RecordingFleet } from './recording-fleet.ts';
export { type RedisServer, startRedisServer } from './redis-server.ts';
export { type CommandOutcome, runSluice } from './run-sluice.ts';
export {
  buildConfig,
  buildFlag,
  buildLookup,
  buildMigration,
  buildRule,
  buildSegment,
  buildValve,
  buildVariations,
  changeCheckout,
  type FlagParts,
  inSegment,
  type LookupParts,
  parseInstructions,
} from './states.ts';
export { tamper } from './tamper.ts';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
export { tellBackfill } from './tell-backfill.ts';
export { tellComparisons } from './tell-comparisons.ts';
export { TestBrowser } from './test-browser.ts';
export {
  dropTestDatabase,
  findTestDatabase,
  prepareTestDatabases,
  testPostgresUrl,
  testStore,
} from './test-database.ts';
export { startTestFront, type TestFront } from './test-front.ts';
export { createTestLog, type TestLog } from './test-log.ts';
export { startTestOidcProvider, type TestOidcProvider } from './test-oidc-provider.ts';
export { startTestProxy, type TestProxy } from './test-proxy.ts';
export { type ApiAnswer, startTestServer, type TestServer, type TestServerOptions } from './test-server.ts';
export { openTestSocket, type TestSocket } from './test-socket.ts';
export { openTestStream, type TestStream } from './test-stream.ts';
export { startTestTunnel, type TestTunnel } from './test-tunnel.ts';
export { totpCode } from './totp-code.ts';
export { until } from './until.ts';
export { buildPayload, buildTombstone, buildWireFlag, buildWireSegment } from './wire-objects.ts';

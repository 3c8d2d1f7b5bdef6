import { createRootRoute, createRoute, createRouter, type SearchSchemaInput } from '@tanstack/react-router';
import { NowPage } from './now/now-page.tsx';
import { Entry } from './session/entry.tsx';
import { Root } from './session/root.tsx';
import { lazyPage } from './shell/lazy-page.tsx';
import { NotFound } from './shell/not-found.tsx';
import { PageFailure } from './shell/page-failure.tsx';
import { Shell } from './shell/shell.tsx';

/** What addresses say behind the question mark, whatever the page: texts, each of which a page may read. */
export interface PageSearch {
  /** The filter of a list. */
  readonly q?: string;
  /** The part of a page that is shown. */
  readonly tab?: string;
  /** Of which state things are to be listed. */
  readonly state?: string;
  /** Since when changes are looked at: an ISO time, or milliseconds. */
  readonly since?: string;
  /** By whom changes were made. */
  readonly who?: string;
  /** Of what: a kind, or `flag:KEY`, `segment:KEY`. */
  readonly what?: string;
  /** How far back: `1h`, `24h`, `7d`. */
  readonly when?: string;
  /** Which instances are looked at. */
  readonly service?: string;
  readonly zone?: string;
  readonly sdk?: string;
  readonly version?: string;
  /** Of which kind things are to be listed. */
  readonly kind?: string;
}

const names = [
  'q',
  'tab',
  'state',
  'since',
  'who',
  'what',
  'when',
  'service',
  'zone',
  'sdk',
  'version',
  'kind',
] as const;

function readSearch(search: Readonly<Record<string, unknown>> & SearchSchemaInput): PageSearch {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return value === undefined || value === '' ? [] : [[name, String(value)]];
    }),
  );
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, validateSearch: readSearch });
const atRoot = { getParentRoute: () => root };

const outside = [
  createRoute({ ...atRoot, path: '/', component: Entry }),
  createRoute({ ...atRoot, path: 'login', component: Entry }),
  createRoute({
    ...atRoot,
    path: 'setup',
    component: lazyPage(() => import('./session/come-in-page.tsx'), 'SetupPage'),
  }),
  createRoute({
    ...atRoot,
    path: 'invitation',
    component: lazyPage(() => import('./session/come-in-page.tsx'), 'InvitationPage'),
  }),
  createRoute({
    ...atRoot,
    path: 'recovery',
    component: lazyPage(() => import('./session/recovery-page.tsx'), 'RecoveryPage'),
  }),
  createRoute({ ...atRoot, path: '$project', component: Entry }),
] as const;

const environment = createRoute({ ...atRoot, path: '$project/$environment', component: Shell });
const inEnvironment = { getParentRoute: () => environment };

// Every page but the first comes when it is asked for.
const inside = [
  createRoute({ ...inEnvironment, path: '/', component: NowPage }),
  createRoute({ ...inEnvironment, path: 'now', component: NowPage }),
  createRoute({
    ...inEnvironment,
    path: 'flags',
    component: lazyPage(() => import('./flags/flags-page.tsx'), 'FlagsPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'flags/$key',
    component: lazyPage(() => import('./flag/flag-page.tsx'), 'FlagPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'valves',
    component: lazyPage(() => import('./valves/valves-page.tsx'), 'ValvesPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'configs',
    component: lazyPage(() => import('./configs/configs-page.tsx'), 'ConfigsPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'migrations',
    component: lazyPage(() => import('./migrations/migrations-page.tsx'), 'MigrationsPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'segments',
    component: lazyPage(() => import('./segments/segments-page.tsx'), 'SegmentsPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'fleet',
    component: lazyPage(() => import('./fleet/fleet-page.tsx'), 'FleetPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'changes',
    component: lazyPage(() => import('./changes/changes-page.tsx'), 'ChangesPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'environments',
    component: lazyPage(() => import('./environments/environments-page.tsx'), 'EnvironmentsPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'people',
    component: lazyPage(() => import('./people/people-page.tsx'), 'PeoplePage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'valves/$key',
    component: lazyPage(() => import('./valves/valve-page.tsx'), 'ValvePage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'configs/$key',
    component: lazyPage(() => import('./configs/config-page.tsx'), 'ConfigPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'migrations/$key',
    component: lazyPage(() => import('./migrations/migration-page.tsx'), 'MigrationPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'you',
    component: lazyPage(() => import('./you/you-page.tsx'), 'YouPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'changes/$key',
    component: lazyPage(() => import('./changes/change-page.tsx'), 'ChangePage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'fleet/$key',
    component: lazyPage(() => import('./fleet/instance-page.tsx'), 'InstancePage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'segments/$key',
    component: lazyPage(() => import('./segments/segment-page.tsx'), 'SegmentPage'),
  }),
  createRoute({
    ...inEnvironment,
    path: 'contexts',
    component: lazyPage(() => import('./contexts/contexts-page.tsx'), 'ContextsPage'),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([...outside, environment.addChildren([...inside])]),
  defaultErrorComponent: PageFailure,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
});

/** What is read of Express's routers. */
interface Layer {
  /** Absent for middleware and routers. */
  readonly route?: Route | undefined;
  readonly handle: { readonly stack?: readonly Layer[] };
  /** What it was written as; routers before 2.3 keep only that of routes. */
  readonly rawPath?: unknown;
  /** It is mounted at `/`. */
  readonly slash?: boolean;
  /** One for each path that it was written as. */
  readonly matchers: readonly Matcher[];
}

interface Route {
  readonly path?: unknown;
}

type Matcher = (path: string) => false | { readonly path: string; readonly params: Readonly<Record<string, unknown>> };

interface Application {
  readonly router: { readonly stack: readonly Layer[] };
  /** Where it is mounted. */
  readonly parent?: Application | undefined;
  readonly mountpath: string | readonly string[];
}

/** How a route is reached: the layers on the way, and itself. */
interface Way {
  readonly layers: readonly Layer[];
  /** Undefined: by what is asked for. */
  readonly template: string | undefined;
}

/** How a route is reached from its application, and what that is mounted at. */
interface Ways {
  readonly ways: readonly Way[];
  readonly base: string;
  /** The whole template, where it does not depend on what is asked for. */
  readonly template: string | undefined;
}

/** By applications, since several may have the same router, and routes: routers do not change once they have answered. */
const knownWays = new WeakMap<Application, WeakMap<Route, Ways>>();
const nowhere: Ways = { ways: [], base: '', template: undefined };

/**
 * The whole template of a route of Express 5. Express knows what its routers are mounted at only as it was asked for,
 * and forgets that when an error leaves them, so that it is looked up where it is written: on the way from the
 * application to the route. What is asked for only decides between several ways. A route of an application within
 * another is known by its own path alone where that other one handles its error.
 */
export function findExpressRoute(
  route: Route,
  request: { readonly app?: unknown; readonly originalUrl?: string },
): string {
  const known = findWays(route, request.app);
  if (known.template !== undefined) return known.template;
  const [path = ''] = (request.originalUrl ?? '').split('?');
  const asked = `/${path.split('/').slice(known.base.split('/').length).join('/')}`;
  for (const { layers } of known.ways) {
    const template = follow(layers, asked);
    if (template !== undefined) return finish(known.base + template);
  }
  return finish(String(route.path ?? ''));
}

function findWays(route: Route, app: unknown): Ways {
  // Express gives it to each request.
  const application = app as Application | undefined;
  if (application === undefined) return nowhere;
  const routes = knownWays.get(application) ?? new WeakMap<Route, Ways>();
  knownWays.set(application, routes);
  const known = routes.get(route) ?? lookUpWays(route, application);
  routes.set(route, known);
  return known;
}

/** Nowhere: a router that is called by hand. */
function lookUpWays(route: Route, application: Application): Ways {
  const ways = listWays(application.router.stack, route, []);
  if (ways.length === 0) return nowhere;
  const base = baseOf(application);
  const [first] = ways;
  const template = ways.length === 1 && first?.template !== undefined ? finish(base + first.template) : undefined;
  return { ways, base, template };
}

function listWays(stack: readonly Layer[], route: Route, above: readonly Layer[]): readonly Way[] {
  return stack.flatMap((layer): readonly Way[] => {
    const layers = [...above, layer];
    if (layer.route === route) return [{ layers, template: writeTemplate(layers) }];
    // A router may be within itself.
    if (layer.handle.stack === undefined || above.some(({ handle }) => handle === layer.handle)) return [];
    return listWays(layer.handle.stack, route, layers);
  });
}

function writeTemplate(layers: readonly Layer[]): string | undefined {
  const written = layers.map((layer) => (layer.slash === true ? '' : writtenAs(layer)));
  return written.every((each) => typeof each === 'string') ? written.map(withoutSlash).join('') : undefined;
}

function writtenAs({ rawPath, route }: Layer): unknown {
  return rawPath ?? route?.path;
}

/** The template, if what is asked for goes this way. */
function follow(layers: readonly Layer[], path: string): string | undefined {
  let template = '';
  let rest = path;
  for (const layer of layers) {
    const step = layer.slash === true ? { path: '', template: '' } : match(layer, rest);
    if (step === undefined) return undefined;
    template += withoutSlash(step.template);
    rest = rest.slice(step.path.length);
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  return template;
}

function match(layer: Layer, path: string): { readonly path: string; readonly template: string } | undefined {
  for (const [at, matcher] of layer.matchers.entries()) {
    const found = ask(matcher, path);
    if (found === false) continue;
    const written = [writtenAs(layer)].flat()[at];
    return { path: found.path, template: written === undefined ? probe(matcher, found.path) : String(written) };
  }
  return undefined;
}

/** What is asked for may not be decodable. */
function ask(matcher: Matcher, path: string): ReturnType<Matcher> {
  try {
    return matcher(path);
  } catch {
    return false;
  }
}

/** Finds the parameters of a path by what becomes of another in their place. */
function probe(matcher: Matcher, path: string): string {
  const parts = path.split('/');
  const template = parts.map((part, at) => {
    const found = part !== '' && ask(matcher, parts.with(at, 'another-part').join('/'));
    const taken = found !== false && Object.entries(found.params).find(([, value]) => value === 'another-part');
    return taken === undefined || taken === false ? part : `:${taken[0]}`;
  });
  return template.join('/');
}

function baseOf({ parent, mountpath }: Application): string {
  return parent === undefined ? '' : baseOf(parent) + withoutSlash([mountpath].flat()[0] ?? '');
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function finish(template: string): string {
  return template === '' ? '/' : template;
}

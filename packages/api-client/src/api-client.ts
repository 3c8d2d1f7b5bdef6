import type { DefinitionInput, FlagKind, Grant, InstructionInput } from '@sluice/authoring';
import { ApiError } from './errors.ts';
import type {
  BackfillView,
  ChainView,
  ChangeView,
  ConvergenceView,
  EdgeView,
  EnvironmentFlagView,
  EnvironmentView,
  EvaluationMinuteView,
  ExplanationView,
  FlagTelemetryView,
  FlagView,
  FleetView,
  InstanceView,
  InvitationView,
  MigrationBarrierView,
  MismatchesView,
  NewEdgeView,
  NewEnvironmentView,
  NewInvitationView,
  NewTokenView,
  NewTotpView,
  OwnSessionView,
  Page,
  PersonView,
  ProblemView,
  ProjectView,
  RoutesTelemetryView,
  SegmentView,
  SessionView,
  TokenView,
  TotpNeededView,
} from './views.ts';

export interface ApiClientOptions {
  /** The server: `http://127.0.0.1:7400`. */
  readonly url: string;
  /** An API token; absent: the browser's cookie says who asks. */
  readonly token?: string;
  /** With a cookie: what `GET /session` said, for every write. */
  readonly csrfToken?: () => string | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** How long the server may take to answer, beyond what it is asked to wait; 10 s unless given. */
  readonly timeoutMs?: number;
}

/** Where flags live. */
export interface Place {
  readonly project: string;
  readonly environment: string;
}

export interface ChangeInput {
  readonly flag?: string;
  readonly segment?: string;
  readonly instructions: readonly InstructionInput[];
  readonly comment?: string | undefined;
  readonly expectedVersion?: number;
  readonly dryRun?: boolean | undefined;
}

export interface ChangesQuery {
  readonly flag?: string | undefined;
  readonly segment?: string | undefined;
  readonly actor?: string | undefined;
  readonly since?: number | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface ConvergenceQuery {
  /** Absent: answer at once. */
  readonly wait?: 'all' | '99' | undefined;
  /** At most 60,000. */
  readonly timeoutMs?: number | undefined;
  readonly includeDelivered?: boolean | undefined;
}

export interface FleetQuery {
  readonly state?: InstanceView['state'] | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface RevertInput {
  readonly comment?: string | undefined;
  readonly discardLater?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface AcceptanceInput {
  /** What stands behind the `#` of the link. */
  readonly token: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

export interface TokenInput {
  readonly name: string;
  /** Everything unless given. */
  readonly grants?: readonly Grant[];
  readonly expiresAt?: number;
}

/** Calls the management API. Every method rejects with an ApiError when the server says no, or nothing in time. */
export interface ApiClient {
  listProjects(): Promise<Page<ProjectView>>;
  listEnvironments(project: string): Promise<Page<EnvironmentView>>;
  createEnvironment(
    project: string,
    body: { readonly key: string; readonly name?: string },
  ): Promise<NewEnvironmentView>;
  createFlag(project: string, body: DefinitionInput & { readonly comment?: string | undefined }): Promise<FlagView>;
  deleteFlag(project: string, flag: string): Promise<void>;
  listFlags(
    place: Place,
    page?: { readonly limit?: number; readonly cursor?: string; readonly kind?: FlagKind },
  ): Promise<Page<EnvironmentFlagView>>;
  getFlag(place: Place, flag: string): Promise<EnvironmentFlagView>;
  /** Of a migration: who may still be in what it was before its last change. */
  getBarrier(place: Place, flag: string): Promise<MigrationBarrierView>;
  getMismatches(place: Place, flag: string): Promise<MismatchesView>;
  getBackfill(place: Place, flag: string): Promise<BackfillView>;
  listEvaluations(place: Place, flag: string, since?: number): Promise<Page<EvaluationMinuteView>>;
  /** `window`: how far to look back, such as `5m`, `1h` or `7d`; an hour unless given. */
  getTelemetry(place: Place, flag: string, window?: string): Promise<FlagTelemetryView>;
  getRoutesTelemetry(place: Place, window?: string): Promise<RoutesTelemetryView>;
  listSegments(place: Place): Promise<Page<SegmentView>>;
  change(place: Place, body: ChangeInput): Promise<ChangeView>;
  listChanges(place: Place, query?: ChangesQuery): Promise<Page<ChangeView>>;
  getChange(place: Place, id: string): Promise<ChangeView>;
  revert(place: Place, id: string, body?: RevertInput): Promise<ChangeView>;
  verifyChain(place: Place): Promise<ChainView>;
  /** May take as long as it is asked to wait. */
  getConvergence(place: Place, id: string, query?: ConvergenceQuery): Promise<ConvergenceView>;
  getFleet(place: Place, query?: FleetQuery): Promise<FleetView>;
  listEdges(): Promise<Page<EdgeView>>;
  createEdge(body: { readonly name: string; readonly environments: readonly Place[] }): Promise<NewEdgeView>;
  revokeEdge(id: string): Promise<void>;
  evaluate(place: Place, body: { readonly flag: string; readonly context: unknown }): Promise<ExplanationView>;
  getSession(): Promise<SessionView>;
  /** Resolves with `needsTotp` where `finishLogin` has to follow. */
  logIn(body: { readonly email: string; readonly password: string }): Promise<SessionView | TotpNeededView>;
  /** With a code of the authenticator app, or a backup code. */
  finishLogin(code: string): Promise<SessionView>;
  logOut(): Promise<void>;
  setUp(body: AcceptanceInput): Promise<SessionView>;
  acceptInvitation(body: AcceptanceInput): Promise<SessionView>;
  listOwnSessions(): Promise<Page<OwnSessionView>>;
  endOwnSession(id: string): Promise<void>;
  /** It counts once a code was verified. */
  beginTotp(password: string): Promise<NewTotpView>;
  /** The session is another afterwards, with another CSRF token: `getSession` tells it. The same for `disableTotp`. */
  verifyTotp(code: string): Promise<void>;
  disableTotp(password: string): Promise<void>;
  listPeople(): Promise<Page<PersonView>>;
  changePerson(id: string, body: { readonly grants: readonly Grant[] }): Promise<PersonView>;
  removePerson(id: string): Promise<void>;
  listInvitations(): Promise<Page<InvitationView>>;
  invite(body: { readonly email?: string | undefined; readonly grants: readonly Grant[] }): Promise<NewInvitationView>;
  takeInvitationBack(id: string): Promise<void>;
  listTokens(): Promise<Page<TokenView>>;
  createToken(body: TokenInput): Promise<NewTokenView>;
  revokeToken(id: string): Promise<void>;
}

export function createApiClient({ url, token, csrfToken, fetch, timeoutMs = 10_000 }: ApiClientOptions): ApiClient {
  const base = `${url.replace(/\/+$/, '')}/api/v1`;

  async function call<T>(method: string, path: string, body?: unknown, waitMs = 0): Promise<T> {
    const csrf = method === 'GET' ? undefined : csrfToken?.();
    const signal = AbortSignal.timeout(timeoutMs + waitMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${base}${path}`, {
        method,
        signal,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(csrf !== undefined && { 'x-csrf-token': csrf }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      const title = signal.aborted
        ? `the server at ${url} does not answer within ${Math.round((timeoutMs + waitMs) / 1000)} s`
        : `the server at ${url} does not answer: ${findReason(error)}`;
      throw new ApiError({ status: 0, code: signal.aborted ? 'timed-out' : 'unreachable', title }, error);
    }
    const answer = parseAnswer(text);
    if (!response.ok || answer === undefined) throw toApiError(response, answer, url);
    // The server's views have the types declared here.
    return answer.body as T;
  }

  const at = ({ project, environment }: Place): string => `/projects/${enc(project)}/environments/${enc(environment)}`;

  return {
    listProjects: () => call('GET', '/projects'),
    listEnvironments: (project) => call('GET', `/projects/${enc(project)}/environments`),
    createEnvironment: (project, body) => call('POST', `/projects/${enc(project)}/environments`, body),
    createFlag: (project, body) => call('POST', `/projects/${enc(project)}/flags`, body),
    deleteFlag: (project, flag) => call('DELETE', `/projects/${enc(project)}/flags/${enc(flag)}`),
    listFlags: (place, page = {}) => call('GET', `${at(place)}/flags${toQuery(page)}`),
    getFlag: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}`),
    getBarrier: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}/barrier`),
    getMismatches: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}/mismatches`),
    getBackfill: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}/backfill`),
    listEvaluations: (place, flag, since) =>
      call('GET', `${at(place)}/flags/${enc(flag)}/evaluations${toQuery({ since })}`),
    getTelemetry: (place, flag, window) =>
      call('GET', `${at(place)}/flags/${enc(flag)}/telemetry${toQuery({ window })}`),
    getRoutesTelemetry: (place, window) => call('GET', `${at(place)}/routes/telemetry${toQuery({ window })}`),
    listSegments: (place) => call('GET', `${at(place)}/segments`),
    change: (place, body) => call('POST', `${at(place)}/changes`, body),
    listChanges: (place, query = {}) => call('GET', `${at(place)}/changes${toQuery({ ...query })}`),
    getChange: (place, id) => call('GET', `${at(place)}/changes/${enc(id)}`),
    revert: (place, id, body = {}) => call('POST', `${at(place)}/changes/${enc(id)}/revert`, body),
    verifyChain: (place) => call('GET', `${at(place)}/changes/chain`),
    getConvergence: (place, id, query = {}) =>
      call('GET', `${at(place)}/changes/${enc(id)}/convergence${toQuery({ ...query })}`, undefined, query.timeoutMs),
    getFleet: (place, query = {}) => call('GET', `${at(place)}/fleet${toQuery({ ...query })}`),
    listEdges: () => call('GET', '/edges'),
    createEdge: (body) => call('POST', '/edges', body),
    revokeEdge: (id) => call('DELETE', `/edges/${enc(id)}`),
    evaluate: (place, body) => call('POST', `${at(place)}/evaluate`, body),
    getSession: () => call('GET', '/session'),
    logIn: (body) => call('POST', '/session', body),
    finishLogin: (code) => call('POST', '/session/totp', { code }),
    logOut: () => call('DELETE', '/session'),
    setUp: (body) => call('POST', '/setup', body),
    acceptInvitation: (body) => call('POST', '/invitations/accept', body),
    listOwnSessions: () => call('GET', '/people/me/sessions'),
    endOwnSession: (id) => call('DELETE', `/people/me/sessions/${enc(id)}`),
    beginTotp: (password) => call('POST', '/people/me/totp', { password }),
    verifyTotp: (code) => call('POST', '/people/me/totp/verify', { code }),
    disableTotp: (password) => call('POST', '/people/me/totp/disable', { password }),
    listPeople: () => call('GET', '/people'),
    changePerson: (id, body) => call('PATCH', `/people/${enc(id)}`, body),
    removePerson: (id) => call('DELETE', `/people/${enc(id)}`),
    listInvitations: () => call('GET', '/invitations'),
    invite: (body) => call('POST', '/invitations', body),
    takeInvitationBack: (id) => call('DELETE', `/invitations/${enc(id)}`),
    listTokens: () => call('GET', '/tokens'),
    createToken: (body) => call('POST', '/tokens', body),
    revokeToken: (id) => call('DELETE', `/tokens/${enc(id)}`),
  };
}

const enc = encodeURIComponent;

function toQuery(fields: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const entries = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${enc(value)}`],
  );
  return entries.length === 0 ? '' : `?${entries.join('&')}`;
}

/** What an answer says; undefined: it is not JSON. Some answers say nothing. */
function parseAnswer(text: string): { readonly body: unknown } | undefined {
  try {
    return { body: text === '' ? undefined : JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function toApiError({ status, statusText }: Response, answer: ReturnType<typeof parseAnswer>, url: string): ApiError {
  const problem = answer?.body;
  if (typeof problem === 'object' && problem !== null && 'code' in problem && 'title' in problem) {
    // The two fields tell our problems from other JSON.
    return new ApiError(problem as ProblemView);
  }
  return new ApiError({
    status,
    code: 'not-sluice',
    title: `${url} answered ${status} ${statusText}, not as a Sluice server would`,
  });
}

/** What the network said: `fetch` only says that it failed, and of several addresses each failed in its way. */
function findReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return findReason(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : findReason(error.cause);
}

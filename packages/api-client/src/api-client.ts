import type { DefinitionInput, FlagKind, Grant, InstructionInput, StateWord } from '@sluice/authoring';
import { ApiError } from './errors.ts';
import { readFeedEvents } from './feed-events.ts';
import type {
  BackfillView,
  ChainView,
  ChangeView,
  ConfigInForceView,
  ContextsView,
  ConvergenceView,
  CredentialStreamsView,
  CredentialView,
  DecidedView,
  EdgeView,
  EnvironmentFlagView,
  EnvironmentView,
  EvaluationMinuteView,
  EvaluationSeriesView,
  ExplanationView,
  FeedEventView,
  FlagEnvironmentsView,
  FlagFacetsView,
  FlagRowsView,
  FlagTelemetryView,
  FlagView,
  FleetInstanceView,
  FleetView,
  InstanceMatter,
  InstanceView,
  InvitationView,
  MigrationBarrierView,
  MigrationFactsView,
  MigrationRowView,
  MismatchesView,
  NewCredentialView,
  NewEdgeView,
  NewEnvironmentView,
  NewInvitationView,
  NewRecoveryView,
  NewTokenView,
  NewTotpView,
  NowView,
  OwnSessionView,
  Page,
  PersonView,
  PreviewView,
  ProblemView,
  ProjectView,
  RevertSinceView,
  RoutesTelemetryView,
  SegmentRowsView,
  SegmentUseView,
  SegmentView,
  SessionView,
  TokenView,
  TotpNeededView,
  ValveReachView,
  ValveRowView,
  ValvesView,
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
  /** Of what was touched. */
  readonly kind?: FlagKind | 'segment' | undefined;
  /** Somewhere in the comment. */
  readonly comment?: string | undefined;
  readonly flag?: string | undefined;
  readonly segment?: string | undefined;
  readonly actor?: string | undefined;
  readonly since?: number | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Which flags a list shows; all of it has to be so. */
export interface FlagRowsQuery {
  /** Words, and filters such as `kind:valve`, `tag:checkout`, `owner:nobody`, `state:off`, `evaluated:never`. */
  readonly search?: string | undefined;
  readonly kind?: FlagKind | undefined;
  readonly tag?: string | undefined;
  /** `nobody`: those that have none. */
  readonly owner?: string | undefined;
  /** Archived flags are listed only where they are asked for. */
  readonly state?: StateWord | undefined;
  /** `never`, `24h`, `7d`, `not-7d` and so on, at most 90 days. */
  readonly evaluated?: string | undefined;
  /** Key of another environment to show the flag's state in. */
  readonly compare?: string | undefined;
  /** Only flags that do the same there, or do not. */
  readonly compared?: 'same' | 'different' | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface SegmentRowsQuery extends PageQuery {
  /** Words; each stands somewhere in the key, the name, the description or a tag. */
  readonly search?: string | undefined;
}

export interface ValvesQuery extends PageQuery {
  /** Words; each stands somewhere in the key, the name, the description or a tag. */
  readonly search?: string | undefined;
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
  /** `any`: those that somebody should look at. */
  readonly matter?: InstanceMatter | 'any' | undefined;
  /** As instances say of themselves; empty: they say none. */
  readonly service?: string | undefined;
  readonly zone?: string | undefined;
  readonly sdk?: string | undefined;
  /** What they run. */
  readonly version?: number | undefined;
  /** Somewhere in the name, or in what they say of themselves. */
  readonly search?: string | undefined;
  /** By name unless given. */
  readonly order?: 'name' | 'worst' | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface ContextsQuery {
  /** In keys and in the text of attributes. */
  readonly search?: string | undefined;
  readonly kind?: string | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface RevertInput {
  readonly comment?: string | undefined;
  readonly discardLater?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface RevertSinceInput {
  /** Milliseconds since the epoch, as `until`. */
  readonly since: number;
  readonly until?: number | undefined;
  /** `flag:KEY`, `segment:KEY`: what stays as it is. */
  readonly deselect?: readonly string[] | undefined;
  /** Migrations that are set back too. */
  readonly include?: readonly string[] | undefined;
  readonly discardLater?: boolean | undefined;
  readonly comment?: string | undefined;
  readonly expectedVersion?: number | undefined;
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
    body: { readonly key: string; readonly name?: string; readonly isProduction?: boolean },
  ): Promise<NewEnvironmentView>;
  updateEnvironment(
    place: Place,
    body: { readonly name?: string; readonly isProduction?: boolean },
  ): Promise<EnvironmentView>;
  createFlag(project: string, body: DefinitionInput & { readonly comment?: string | undefined }): Promise<FlagView>;
  deleteFlag(project: string, flag: string): Promise<void>;
  listFlags(
    place: Place,
    page?: { readonly limit?: number; readonly cursor?: string; readonly kind?: FlagKind },
  ): Promise<Page<EnvironmentFlagView>>;
  getFlag(place: Place, flag: string): Promise<EnvironmentFlagView>;
  /** Flags as a list of thousands shows them: found by words and filters, each in one line. */
  listFlagRows(place: Place, query?: FlagRowsQuery): Promise<FlagRowsView>;
  getFlagFacets(place: Place): Promise<FlagFacetsView>;
  /** A flag in all environments, with what differs between them. */
  getFlagEnvironments(project: string, flag: string): Promise<FlagEnvironmentsView>;
  /** Of a migration: who may still be in what it was before its last change. */
  getBarrier(place: Place, flag: string): Promise<MigrationBarrierView>;
  getMismatches(place: Place, flag: string): Promise<MismatchesView>;
  /** Barrier, mismatches and backfill at once. */
  getMigrationFacts(place: Place, flag: string): Promise<MigrationFactsView>;
  /** Migrations, each with what stands before its next stage. */
  listMigrationRows(place: Place, page?: PageQuery): Promise<Page<MigrationRowView>>;
  /** `noted`: only ranges that somebody works on, or that differ. */
  getBackfill(
    place: Place,
    flag: string,
    page?: { readonly limit?: number; readonly cursor?: string; readonly noted?: boolean },
  ): Promise<BackfillView>;
  listEvaluations(place: Place, flag: string, since?: number): Promise<Page<EvaluationMinuteView>>;
  /** In steps of 15 minutes, an hour or twelve hours. */
  getEvaluationSeries(place: Place, flag: string, window?: '24h' | '7d' | '90d'): Promise<EvaluationSeriesView>;
  /** `window`: how far to look back, such as `5m`, `1h` or `7d`; an hour unless given. */
  getTelemetry(place: Place, flag: string, window?: string): Promise<FlagTelemetryView>;
  getRoutesTelemetry(place: Place, window?: string): Promise<RoutesTelemetryView>;
  listSegments(place: Place): Promise<Page<SegmentView>>;
  getSegment(place: Place, segment: string): Promise<SegmentView>;
  listSegmentRows(place: Place, query?: SegmentRowsQuery): Promise<SegmentRowsView>;
  /** Flags first; those that ask the segment directly. */
  listSegmentUses(place: Place, segment: string, page?: PageQuery): Promise<Page<SegmentUseView>>;
  change(place: Place, body: ChangeInput): Promise<ChangeView>;
  /** Whom a change would give another answer, of the sampled contexts. */
  preview(place: Place, body: Pick<ChangeInput, 'flag' | 'segment' | 'instructions'>): Promise<PreviewView>;
  /** How many sampled contexts each line of the flag decides for. */
  getDecided(place: Place, flag: string): Promise<DecidedView>;
  listChanges(place: Place, query?: ChangesQuery): Promise<Page<ChangeView>>;
  getChange(place: Place, id: string): Promise<ChangeView>;
  revert(place: Place, id: string, body?: RevertInput): Promise<ChangeView>;
  revertSince(place: Place, body: RevertSinceInput): Promise<RevertSinceView>;
  /** Whom going back would give another answer, of the sampled contexts, flag by flag. */
  previewRevertSince(place: Place, body: Omit<RevertSinceInput, 'comment' | 'dryRun'>): Promise<PreviewView>;
  verifyChain(place: Place): Promise<ChainView>;
  /** May take as long as it is asked to wait. */
  getConvergence(place: Place, id: string, query?: ConvergenceQuery): Promise<ConvergenceView>;
  getFleet(place: Place, query?: FleetQuery): Promise<FleetView>;
  getInstance(place: Place, instance: string): Promise<FleetInstanceView>;
  /** What is off normal, what there is, and who has it. */
  getNow(place: Place): Promise<NowView>;
  /**
   * The live feed, until the signal is aborted or the server ends it; `after`: the version up to which everything is
   * known already. What is not told in time is not missed: whoever comes back goes on after the last version.
   */
  followEvents(
    place: Place,
    options: { readonly after?: number | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<FeedEventView, void>;
  /** The sample of the contexts that SDKs evaluated for. */
  listContexts(place: Place, query?: ContextsQuery): Promise<ContextsView>;
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
  /** By a link of `createRecovery`: ends all sessions of before, and the second factor. */
  recover(body: { readonly token: string; readonly password: string }): Promise<SessionView>;
  listOwnSessions(): Promise<Page<OwnSessionView>>;
  endOwnSession(id: string): Promise<void>;
  /** Ends all other sessions; this one is another afterwards, see `verifyTotp`. */
  changePassword(password: string, newPassword: string): Promise<void>;
  /** It counts once a code was verified. */
  beginTotp(password: string): Promise<NewTotpView>;
  /** The session is another afterwards, with another CSRF token: `getSession` tells it. The same for `disableTotp`. */
  verifyTotp(code: string): Promise<void>;
  disableTotp(password: string): Promise<void>;
  listPeople(): Promise<Page<PersonView>>;
  changePerson(id: string, body: { readonly grants: readonly Grant[] }): Promise<PersonView>;
  removePerson(id: string): Promise<void>;
  /** Of whoever lost their password; the link works once, within a day, and ends the one of before. */
  createRecovery(id: string): Promise<NewRecoveryView>;
  takeRecoveryBack(id: string): Promise<void>;
  listInvitations(): Promise<Page<InvitationView>>;
  invite(body: { readonly email?: string | undefined; readonly grants: readonly Grant[] }): Promise<NewInvitationView>;
  takeInvitationBack(id: string): Promise<void>;
  listTokens(): Promise<Page<TokenView>>;
  createToken(body: TokenInput): Promise<NewTokenView>;
  revokeToken(id: string): Promise<void>;
  listCredentials(place: Place): Promise<Page<CredentialView>>;
  createCredential(
    place: Place,
    body: { readonly kind?: CredentialView['kind']; readonly name: string },
  ): Promise<NewCredentialView>;
  /** Who would be cut by revoking it, of those that the server holds itself. */
  getCredentialStreams(place: Place, id: string): Promise<CredentialStreamsView>;
  revokeCredential(place: Place, id: string): Promise<void>;
  /** Valves with their trips and calls; of those that are normal a page. */
  listValves(place: Place, query?: ValvesQuery): Promise<ValvesView>;
  getValve(place: Place, valve: string): Promise<ValveRowView>;
  /** Which instances have a valve in their code, and which modes they lack; those that `when` concerns. */
  getValveReach(place: Place, valve: string, when?: ValveRowView['trips'][number]['when']): Promise<ValveReachView>;
  /** What instances have of a config, and why some have something else. */
  getConfigInForce(place: Place, config: string): Promise<ConfigInForceView>;
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

  async function* followEvents(
    place: Place,
    { after, signal }: { readonly after?: number | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<FeedEventView, void> {
    let response: Response;
    try {
      const headers = {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        accept: 'text/event-stream',
      };
      response = await fetch(`${base}${at(place)}/events${toQuery({ after })}`, { headers, signal });
    } catch (error) {
      if (signal.aborted) return;
      const title = `the server at ${url} does not answer: ${findReason(error)}`;
      throw new ApiError({ status: 0, code: 'unreachable', title }, error);
    }
    if (!response.ok || response.body === null) throw toApiError(response, parseAnswer(await response.text()), url);
    try {
      yield* readFeedEvents(response.body);
    } catch (error) {
      if (signal.aborted) return;
      const title = `the server at ${url} ended the events: ${findReason(error)}`;
      throw new ApiError({ status: 0, code: 'unreachable', title }, error);
    }
  }

  const at = ({ project, environment }: Place): string => `/projects/${enc(project)}/environments/${enc(environment)}`;

  return {
    listProjects: () => call('GET', '/projects'),
    listEnvironments: (project) => call('GET', `/projects/${enc(project)}/environments`),
    createEnvironment: (project, body) => call('POST', `/projects/${enc(project)}/environments`, body),
    updateEnvironment: (place, body) => call('PATCH', at(place), body),
    createFlag: (project, body) => call('POST', `/projects/${enc(project)}/flags`, body),
    deleteFlag: (project, flag) => call('DELETE', `/projects/${enc(project)}/flags/${enc(flag)}`),
    listFlags: (place, page = {}) => call('GET', `${at(place)}/flags${toQuery(page)}`),
    getFlag: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}`),
    listFlagRows: (place, query = {}) => call('GET', `${at(place)}/flag-rows${toQuery({ ...query })}`),
    getFlagFacets: (place) => call('GET', `${at(place)}/flag-facets`),
    getFlagEnvironments: (project, flag) => call('GET', `/projects/${enc(project)}/flags/${enc(flag)}/environments`),
    getBarrier: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}/barrier`),
    listMigrationRows: (place, page = {}) => call('GET', `${at(place)}/migration-rows${toQuery({ ...page })}`),
    getMismatches: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}/mismatches`),
    getMigrationFacts: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}/migration`),
    getBackfill: (place, flag, page = {}) =>
      call('GET', `${at(place)}/flags/${enc(flag)}/backfill${toQuery({ ...page })}`),
    listEvaluations: (place, flag, since) =>
      call('GET', `${at(place)}/flags/${enc(flag)}/evaluations${toQuery({ since })}`),
    getEvaluationSeries: (place, flag, window) =>
      call('GET', `${at(place)}/flags/${enc(flag)}/evaluation-series${toQuery({ window })}`),
    getTelemetry: (place, flag, window) =>
      call('GET', `${at(place)}/flags/${enc(flag)}/telemetry${toQuery({ window })}`),
    getRoutesTelemetry: (place, window) => call('GET', `${at(place)}/routes/telemetry${toQuery({ window })}`),
    listSegments: (place) => call('GET', `${at(place)}/segments`),
    getSegment: (place, segment) => call('GET', `${at(place)}/segments/${enc(segment)}`),
    listSegmentRows: (place, query = {}) => call('GET', `${at(place)}/segment-rows${toQuery({ ...query })}`),
    listSegmentUses: (place, segment, page = {}) =>
      call('GET', `${at(place)}/segments/${enc(segment)}/uses${toQuery({ ...page })}`),
    change: (place, body) => call('POST', `${at(place)}/changes`, body),
    preview: (place, body) => call('POST', `${at(place)}/changes/preview`, body),
    getDecided: (place, flag) => call('GET', `${at(place)}/flags/${enc(flag)}/decided`),
    listChanges: (place, query = {}) => call('GET', `${at(place)}/changes${toQuery({ ...query })}`),
    getChange: (place, id) => call('GET', `${at(place)}/changes/${enc(id)}`),
    revert: (place, id, body = {}) => call('POST', `${at(place)}/changes/${enc(id)}/revert`, body),
    revertSince: (place, body) => call('POST', `${at(place)}/revert-since`, body),
    previewRevertSince: (place, body) => call('POST', `${at(place)}/revert-since/preview`, body),
    verifyChain: (place) => call('GET', `${at(place)}/changes/chain`),
    getConvergence: (place, id, query = {}) =>
      call('GET', `${at(place)}/changes/${enc(id)}/convergence${toQuery({ ...query })}`, undefined, query.timeoutMs),
    getFleet: (place, query = {}) => call('GET', `${at(place)}/fleet${toQuery({ ...query })}`),
    getInstance: (place, instance) => call('GET', `${at(place)}/fleet/${enc(instance)}`),
    getNow: (place) => call('GET', `${at(place)}/now`),
    followEvents,
    listContexts: (place, query = {}) => call('GET', `${at(place)}/contexts${toQuery({ ...query })}`),
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
    recover: (body) => call('POST', '/session/recovery', body),
    listOwnSessions: () => call('GET', '/people/me/sessions'),
    endOwnSession: (id) => call('DELETE', `/people/me/sessions/${enc(id)}`),
    changePassword: (password, newPassword) => call('POST', '/people/me/password', { password, newPassword }),
    beginTotp: (password) => call('POST', '/people/me/totp', { password }),
    verifyTotp: (code) => call('POST', '/people/me/totp/verify', { code }),
    disableTotp: (password) => call('POST', '/people/me/totp/disable', { password }),
    listPeople: () => call('GET', '/people'),
    changePerson: (id, body) => call('PATCH', `/people/${enc(id)}`, body),
    removePerson: (id) => call('DELETE', `/people/${enc(id)}`),
    createRecovery: (id) => call('POST', `/people/${enc(id)}/recovery`),
    takeRecoveryBack: (id) => call('DELETE', `/people/${enc(id)}/recovery`),
    listInvitations: () => call('GET', '/invitations'),
    invite: (body) => call('POST', '/invitations', body),
    takeInvitationBack: (id) => call('DELETE', `/invitations/${enc(id)}`),
    listTokens: () => call('GET', '/tokens'),
    createToken: (body) => call('POST', '/tokens', body),
    revokeToken: (id) => call('DELETE', `/tokens/${enc(id)}`),
    listCredentials: (place) => call('GET', `${at(place)}/credentials`),
    createCredential: (place, body) => call('POST', `${at(place)}/credentials`, body),
    getCredentialStreams: (place, id) => call('GET', `${at(place)}/credentials/${enc(id)}/streams`),
    revokeCredential: (place, id) => call('DELETE', `${at(place)}/credentials/${enc(id)}`),
    listValves: (place, query = {}) => call('GET', `${at(place)}/valves${toQuery({ ...query })}`),
    getValve: (place, valve) => call('GET', `${at(place)}/valves/${enc(valve)}`),
    getValveReach: (place, valve, when = []) => call('POST', `${at(place)}/valves/${enc(valve)}/reach`, { when }),
    getConfigInForce: (place, config) => call('GET', `${at(place)}/flags/${enc(config)}/in-force`),
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

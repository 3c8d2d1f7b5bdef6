import type { FlagKind } from '@sluice/authoring';

declare module '@sluice/api-client' {
  export interface NowView {
    readonly version: number;
    readonly isProduction: boolean;
    readonly counts: Readonly<
      Record<'flags' | 'valves' | 'trippedValves' | 'migrations' | 'configs' | 'segments' | 'instances', number>
    >;
    readonly matters: readonly MatterView[];
    readonly propagation: { readonly p50Ms: number; readonly p99Ms: number } | null;
    readonly zones: readonly {
      readonly zone: string;
      readonly instances: number;
      readonly behind: number;
      readonly has: number;
    }[];
    readonly lastRestoredAt?: number;
  }
  export type MatterView =
    | {
        readonly kind: 'valve';
        readonly flag: string;
        readonly mode: string;
        readonly scope: string;
        readonly since: number;
        readonly by: string;
        readonly why: string;
        readonly until: number;
        readonly overdueMs?: number;
      }
    | {
        readonly kind: 'refused';
        readonly flag?: string;
        readonly instances: number;
        readonly of: number;
        readonly reason: string;
        readonly since: number;
      }
    | {
        readonly kind: 'behind';
        readonly instances: number;
        readonly of: number;
        readonly names: readonly string[];
        readonly since: number;
        readonly zone?: string;
      }
    | {
        readonly kind: 'migration';
        readonly flag: string;
        readonly stages: string;
        readonly since: number;
        readonly by: string;
        readonly why: string;
      };
  export interface SessionView {
    readonly person: {
      readonly id: string;
      readonly email: string;
      readonly name: string;
      readonly hasTotp: boolean;
    } | null;
    readonly csrfToken: string | null;
    readonly isSetUp: boolean;
    readonly singleSignOn: readonly { readonly id: string; readonly name: string }[];
    readonly grants: readonly {
      readonly role: 'viewer' | 'operator' | 'editor' | 'admin';
      readonly project?: string;
      readonly environment?: string;
    }[];
  }
  interface ComeInInput {
    readonly token: string;
    readonly email: string;
    readonly name: string;
    readonly password: string;
  }
  interface FlagStateView {
    readonly word: string;
    readonly parts: readonly { readonly text: string; readonly as?: 'strong' | 'value' }[];
  }
  export interface FlagRowView {
    readonly key: string;
    readonly kind: FlagKind;
    readonly name: string;
    readonly description: string;
    readonly tags: readonly string[];
    readonly owner: string;
    readonly archived: boolean;
    readonly state: FlagStateView;
    readonly other?: { readonly state: FlagStateView; readonly same: boolean };
    readonly evaluations: {
      readonly hourly: readonly number[];
      readonly perSecond: number;
      readonly lastEvaluatedAt?: number;
    };
    readonly changedAt: number;
    readonly version: number;
  }
  interface ApiClient {
    getNow(place: Place): Promise<NowView>;
    getSession(): Promise<SessionView>;
    logIn(body: {
      readonly email: string;
      readonly password: string;
    }): Promise<SessionView | { readonly needsTotp: true }>;
    confirmTotp(body: { readonly code: string }): Promise<SessionView>;
    logOut(): Promise<void>;
    setUp(body: ComeInInput): Promise<SessionView>;
    acceptInvitation(body: ComeInInput): Promise<SessionView>;
    listFlagRows(
      place: Place,
      query?: object,
    ): Promise<{
      readonly items: readonly FlagRowView[];
      readonly total: number;
      readonly nextCursor?: string;
      readonly suggestion?: string;
    }>;
    getFlagFacets(place: Place): Promise<{
      readonly tags: readonly { readonly tag: string; readonly count: number }[];
      readonly owners: readonly { readonly owner: string; readonly count: number }[];
    }>;
  }
}

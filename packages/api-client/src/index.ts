export {
  type AcceptanceInput,
  type ApiClient,
  type ApiClientOptions,
  type ChangeInput,
  type ChangesQuery,
  type ContextsQuery,
  createApiClient,
  type FlagRowsQuery,
  type FleetQuery,
  type PageQuery,
  type Place,
  type RevertInput,
  type RevertSinceInput,
  type SegmentRowsQuery,
  type TokenInput,
} from './api-client.ts';
export { ApiError } from './errors.ts';
export * from './views.ts';

export {
  type ApiClient,
  type ApiClientOptions,
  type ChangeInput,
  type ChangesQuery,
  type ContextsQuery,
  createApiClient,
  type Place,
  type RevertInput,
  type RevertSinceInput,
} from './api-client.ts';
export { ApiError } from './errors.ts';
export * from './views.ts';

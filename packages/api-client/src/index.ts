export {
  type AcceptanceInput,
  type ApiClient,
  type ApiClientOptions,
  type ChangeInput,
  type ChangesQuery,
  createApiClient,
  type Place,
  type RevertInput,
  type TokenInput,
} from './api-client.ts';
export { ApiError } from './errors.ts';
export * from './views.ts';

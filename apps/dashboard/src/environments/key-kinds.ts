import type { CredentialView } from '@sluice/api-client';

export const keyKinds: Readonly<Record<CredentialView['kind'], string>> = {
  'sdk-key': 'SDK key',
  'client-side-id': 'client-side ID',
};

import type { ModelAccess } from './model-access.ts';

/** For tests: leads straight to a service. */
export function madeUpAccess(baseURL: string): ModelAccess {
  return { grant: () => Promise.resolve({ baseURL, apiKey: 'token of the run', revoke: () => undefined }) };
}

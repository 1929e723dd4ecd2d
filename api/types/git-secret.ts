import type { Secret } from './resources.ts';
import { neededGitKeys } from './workspace.ts';

/** The keys of a Secret that have a value. The values stay out of plans. */
export function filledKeys({ data = {} }: Secret): ReadonlySet<string> {
  return new Set(Object.keys(data).filter((key) => data[key] !== ''));
}

/** A Secret that an object names for its repository. */
export interface NamedGitSecret {
  /** The field that names it. */
  field: string;
  /** `namespace/name` */
  place: string;
  /** Those with a value; undefined where there is no such Secret. */
  keys: ReadonlySet<string> | undefined;
}

/** The fault in a Secret for this address, or undefined. */
export function gitSecretProblem(
  gitUrl: string,
  { field, place, keys }: NamedGitSecret,
): { reason: 'SecretNotFound' | 'SecretKeyMissing'; message: string } | undefined {
  const shown = `${field}: Secret "${place}"`;
  if (keys === undefined) return { reason: 'SecretNotFound', message: `${shown} not found.` };
  const needed = neededGitKeys(gitUrl);
  if (needed.length === 0 || needed.some((key) => keys.has(key))) return undefined;
  const wanted = needed.map((key) => `"${key}"`).join(' or ');
  const message = `${shown} has no value under ${wanted}, which the address needs.`;
  return { reason: 'SecretKeyMissing', message };
}

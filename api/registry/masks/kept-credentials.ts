import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { credentialFieldsOf } from '../../types/credentials/credential-fields.ts';
import { credentialsOf, isMask } from '../../types/credentials/credential.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';

export interface KeptCredentials {
  resource: Resource;
  stored: Unstructured;
  /** The object that the client sends: the places in which it gives values itself count as its own. */
  given: Unstructured;
  /** The object that is going to be stored. */
  next: Unstructured;
}

/**
 * The fields of credentials that stay, unknown to the client, while what decides who gets them changes: an address, a
 * program, its arguments. A client that may not read a credential must not have it sent to a place of its own.
 */
export function redirectedCredentials({ resource, stored, given, next }: KeptCredentials): string[] {
  const fields = credentialFieldsOf(storageResource(resource));
  if (fields === undefined) return [];
  const ownValues = credentialsOf(fields, given).filter(({ value }) => !isMask(value));
  const own = new Set(ownValues.map(({ place }) => place));
  const before = Map.groupBy(credentialsOf(fields, stored), ({ place }) => place);
  const redirected = credentialsOf(fields, next).filter(({ place, value, recipient }) => {
    if (own.has(place)) return false;
    const kept = before.get(place)?.find((one) => deepEqual(one.value, value));
    return kept !== undefined && kept.recipient() !== recipient();
  });
  return redirected.map(({ field }) => field);
}

import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { credentialFieldsOf } from '../../types/credentials/credential-fields.ts';
import { isMask } from '../../types/credentials/credential.ts';
import type { Credential } from '../../types/credentials/credential.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';

export interface KeptCredentials {
  resource: Resource;
  stored: Unstructured;
  /** What the client sends: the places in which it gives values itself count as its own. */
  given: Unstructured;
  /** What is going to be stored. */
  next: Unstructured;
}

/**
 * The fields of credentials that stay, unknown to the client, while what decides who gets them changes: an address, a
 * program, its arguments. A client that may not read a credential must not have it sent to a place of its own.
 */
export function redirectedCredentials({ resource, stored, given, next }: KeptCredentials): string[] {
  const own = new Set<string>();
  visit(resource, given, ({ place, value }) => {
    if (!isMask(value)) own.add(place);
  });
  const before = new Map<string, Credential[]>();
  visit(resource, stored, (credential) => {
    before.set(credential.place, [...(before.get(credential.place) ?? []), credential]);
  });
  const redirected: string[] = [];
  visit(resource, next, ({ place, field, value, recipient }) => {
    if (own.has(place)) return;
    const kept = before.get(place)?.find((one) => deepEqual(one.value, value));
    if (kept !== undefined && kept.recipient() !== recipient()) redirected.push(field);
  });
  return redirected;
}

function visit(resource: Resource, object: Unstructured, see: (credential: Credential) => void): void {
  credentialFieldsOf(storageResource(resource))?.(object, (credential) => {
    see(credential);
    return credential.value;
  });
}

import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { goQuote } from '../../machinery/go-text.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { AdmissionRequest, ValidatingPlugin } from '../admission/admission.ts';
import { forbiddenRequest } from '../admission/forbidden-request.ts';
import { storageResource } from '../resource.ts';
import { referenceKey, referencesOf } from './references.ts';
import type { Reference, ReferredObject } from './references.ts';

/** The verb of those who may have an object work for them. */
export const USE = 'use';
/** That of those who may act as an account: no other one is enough for what is done in its name. */
const IMPERSONATE = 'impersonate';

const verbFor = ({ plural }: ReferredObject): string => (plural === 'serviceaccounts' ? IMPERSONATE : USE);

/**
 * A reference is a permission: an object may only refer to what its writer may use, or whoever can write a Model could
 * read any Secret by having it sent to himself. Needed is the verb `use` on the object referred to; within one namespace
 * `get` is enough. An account needs `impersonate`, wherever it is. It is judged by name before anything looks whether there is such an object: the answer is the same for
 * one that is forbidden and one that is not there. References that an update leaves as they were are not judged again, so
 * that others may label or annotate the object.
 */
export function referencesNeedUse(authorizer: Authorizer): ValidatingPlugin {
  return {
    name: 'ReferencesNeedUse',
    async validate(request) {
      for (const reference of newReferences(request)) {
        if (!(await mayUse(authorizer, request, reference.to))) throw refusal(request, reference);
      }
    },
  };
}

function newReferences(request: AdmissionRequest): Reference[] {
  const { operation, subresource, resource, namespace, object, previous } = request;
  if (operation === 'DELETE' || subresource !== undefined) return [];
  const kind = storageResource(resource);
  const references = referencesOf(kind, namespace, object);
  if (references.length === 0) return [];
  const seen = new Set(
    previous === undefined ? [] : referencesOf(kind, namespace, previous).map(referenceKey),
  );
  // A Team may name a Bot a hundred times.
  return references.filter((reference) => {
    const key = referenceKey(reference);
    return !seen.has(key) && seen.add(key);
  });
}

async function mayUse(
  authorizer: Authorizer,
  { user, namespace }: Pick<AdmissionRequest, 'namespace' | 'user'>,
  to: ReferredObject,
): Promise<boolean> {
  const verb = verbFor(to);
  if (await isAllowed(authorizer, user, { verb, to })) return true;
  return verb === USE && to.namespace === namespace && isAllowed(authorizer, user, { verb: 'get', to });
}

async function isAllowed(
  authorizer: Authorizer,
  user: User,
  { verb, to }: { verb: string; to: ReferredObject },
): Promise<boolean> {
  const resource = { ...to, subresource: '' };
  const { verdict } = await authorizer.authorize(user, { verb, path: '', resource });
  return verdict === 'allow';
}

function refusal(request: AdmissionRequest, { field, to }: Reference): StatusError {
  const { resource, name: given, user, object } = request;
  const name = given || (object?.metadata.generateName ?? '');
  const wish =
    `User ${goQuote(user.name)} cannot ${verbFor(to)} resource ${goQuote(to.plural)} called ${goQuote(to.name)} ` +
    `in API group ${goQuote(to.group)} in the namespace ${goQuote(to.namespace)}`;
  return forbiddenRequest({ resource, name }, `${field}: ${wish}`, [
    { reason: 'ReferenceForbidden', field, message: wish },
  ]);
}

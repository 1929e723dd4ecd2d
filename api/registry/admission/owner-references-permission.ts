import type { Attributes, Authorizer } from '../../machinery/users/authorizer.ts';
import { parseApiVersion } from '../../machinery/group-version-kind.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { OwnerReference, Unstructured } from '../../machinery/meta.ts';
import type { Catalog } from '../catalog.ts';
import type { Resource } from '../resource.ts';
import type { ValidatingPlugin, WriteAdmission } from './admission.ts';
import { forbiddenRequest } from './forbidden-request.ts';

export interface OwnerReferencesPermissionOptions {
  authorizer: Authorizer;
  catalog: Pick<Catalog, 'current'>;
}

/**
 * The garbage collector deletes with rights of its own, so nobody may make it do what he may not do himself: to give an
 * object other owners takes the right to delete it, and to hold up the deletion of an owner the right to change the
 * owner's finalizers (kubernetes plugin/pkg/admission/gc OwnerReferencesPermissionEnforcement).
 */
export function ownerReferencesPermission(options: OwnerReferencesPermissionOptions): ValidatingPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    async validate(request) {
      if (request.operation === 'DELETE') return;
      if (deepEqual(ownersOf(request.object), ownersOf(request.previous))) return;
      // Whoever makes an object could have left it: it is his to lose.
      if (request.operation === 'UPDATE') await checkDeletion(options, request);
      await checkBlocked(options, request, newlyBlocked(request));
    },
  };
}

const ownersOf = (object: Unstructured | undefined): OwnerReference[] =>
  object?.metadata.ownerReferences ?? [];

/** @throws StatusError Forbidden */
async function checkDeletion(
  { authorizer }: OwnerReferencesPermissionOptions,
  request: WriteAdmission,
): Promise<void> {
  const { resource, subresource = '', namespace, name, user } = request;
  const { group, version, plural } = resource;
  const { verdict, reason } = await authorizer.authorize(user, {
    verb: 'delete',
    path: '',
    resource: { group, version, plural, subresource, namespace, name },
  });
  if (verdict === 'allow') return;
  // Upstream prints its error here, even where that is nil.
  throw refused(request, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
}

function newlyBlocked({ object, previous }: WriteAdmission): OwnerReference[] {
  const before = new Map(ownersOf(previous).map((owner) => [owner.uid, owner]));
  return ownersOf(object).filter(
    ({ uid, blockOwnerDeletion }) =>
      blockOwnerDeletion === true && before.get(uid)?.blockOwnerDeletion !== true,
  );
}

const ANY_FINALIZERS: Attributes = {
  verb: 'update',
  path: '',
  resource: { group: '*', version: '*', plural: '*', subresource: 'finalizers', namespace: '', name: '*' },
};

/** @throws StatusError Forbidden */
async function checkBlocked(
  { authorizer, catalog }: OwnerReferencesPermissionOptions,
  request: WriteAdmission,
  owners: readonly OwnerReference[],
): Promise<void> {
  if (owners.length === 0) return;
  const { user, namespace } = request;
  if ((await authorizer.authorize(user, ANY_FINALIZERS)).verdict === 'allow') return;
  for (const owner of owners) {
    const resource = resourceOf(catalog, owner);
    if (resource === undefined) {
      const { apiVersion, kind } = owner;
      const cause = `no matches for kind "${kind}" in version "${apiVersion}"`;
      throw refused(
        request,
        `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: ${cause}`,
      );
    }
    const { group, version, plural, scope } = resource;
    // A namespaced owner is in the namespace of its dependents.
    const where = scope === 'Namespaced' ? namespace : '';
    const asked = { group, version, plural, subresource: 'finalizers', namespace: where, name: owner.name };
    const { verdict, reason } = await authorizer.authorize(user, {
      verb: 'update',
      path: '',
      resource: asked,
    });
    if (verdict === 'allow') continue;
    throw refused(
      request,
      `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`,
    );
  }
}

function resourceOf(
  catalog: Pick<Catalog, 'current'>,
  { apiVersion, kind }: OwnerReference,
): Resource | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  return catalog.current().find((one) => one.kind === kind && one.group === group && one.version === version);
}

const refused = ({ resource, name, object }: WriteAdmission, why: string) =>
  forbiddenRequest({ resource, name: name || (object.metadata.generateName ?? '') || 'Unknown' }, why);

import type { Authorizer } from '../../machinery/authorizer.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { OwnerReference, Unstructured } from '../../machinery/meta.ts';
import { CLOSE } from '../../types/approval.ts';
import type { ValidatingPlugin, WriteAdmission } from '../admission/admission.ts';
import { forbiddenRequest } from '../admission/forbidden-request.ts';
import { isApproval } from '../resource.ts';

/**
 * A Task heeds the Approvals whose controller it is, so the verb `close`, which controllers have, is needed to give an
 * Approval a controller. Else whoever may write Approvals could ask a question of his own making in the place of the
 * Task, without its approvers, and let time say yes. To take the reference off is free, as for every owner: the garbage
 * collector does so.
 */
export function approvalOwners(authorizer: Authorizer): ValidatingPlugin {
  return {
    name: 'ApprovalOwners',
    async validate(request) {
      if (request.operation === 'DELETE' || !isApproval(request.resource)) return;
      if (hasNewController(request)) await requireClose(authorizer, request);
    },
  };
}

function hasNewController({ object, previous }: WriteAdmission): boolean {
  const before = controllersOf(previous);
  return controllersOf(object).some((now) => !before.some((one) => deepEqual(one, now)));
}

const controllersOf = (object: Unstructured | undefined): OwnerReference[] =>
  (object?.metadata.ownerReferences ?? []).filter(({ controller }) => controller === true);

/** @throws StatusError Forbidden */
async function requireClose(authorizer: Authorizer, request: WriteAdmission): Promise<void> {
  const { resource, namespace, name, user } = request;
  const { group, version, plural } = resource;
  const attributes = { group, version, plural, subresource: '', namespace, name };
  const { verdict } = await authorizer.authorize(user, { verb: CLOSE, path: '', resource: attributes });
  if (verdict === 'allow') return;
  const why = `to give it a controller, user ${goQuote(user.name)} needs the verb ${goQuote(CLOSE)} on it`;
  throw forbiddenRequest(request, why);
}

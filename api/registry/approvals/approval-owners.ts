import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { OwnerReference, Unstructured } from '../../machinery/meta.ts';
import { CLOSE } from '../../types/approval.ts';
import type { ValidatingPlugin, WriteAdmission } from '../admission/admission.ts';
import { isApproval } from '../resource.ts';
import { requireVerb } from './required-verb.ts';

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
      if (!hasNewController(request)) return;
      await requireVerb(authorizer, request, { verb: CLOSE, wish: 'give it a controller' });
    },
  };
}

function hasNewController({ object, previous }: WriteAdmission): boolean {
  const before = controllersOf(previous);
  return controllersOf(object).some((now) => !before.some((one) => deepEqual(one, now)));
}

const controllersOf = (object: Unstructured | undefined): OwnerReference[] =>
  (object?.metadata.ownerReferences ?? []).filter(({ controller }) => controller === true);

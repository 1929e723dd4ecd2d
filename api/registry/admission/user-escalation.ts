import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { isAccount } from '../resource.ts';
import type { AdmissionRequest, ValidatingPlugin } from './admission.ts';
import { forbiddenRequest } from './forbidden-request.ts';

/**
 * Whoever writes Users does not get the rights of others by it: to put a User into a group is to give the group's
 * rights, and to change the address that mails about the password go to is to give the account away. Both need the right
 * to impersonate, as a binding needs the rights that it gives.
 */
export function userEscalation(authorizer: Authorizer): ValidatingPlugin {
  return {
    name: 'UserEscalation',
    async validate(request) {
      if (!isAccount(request.resource) || request.operation === 'DELETE') return;
      const known = new Set(groupsOf(request.previous));
      for (const group of groupsOf(request.object).filter((one) => !known.has(one))) {
        await checkMayBe(authorizer, request, { plural: 'groups', name: group });
      }
      const isMoved = request.previous !== undefined && emailOf(request.previous) !== emailOf(request.object);
      if (isMoved) await checkMayBe(authorizer, request, { plural: 'users', name: request.name });
    },
  };
}

/** @throws StatusError Forbidden */
async function checkMayBe(
  authorizer: Authorizer,
  request: AdmissionRequest,
  subject: { plural: 'groups' | 'users'; name: string },
): Promise<void> {
  const { user } = request;
  const attributes = { group: '', version: 'v1', subresource: '', namespace: '', ...subject };
  const decision = await authorizer.authorize(user, { verb: 'impersonate', path: '', resource: attributes });
  if (decision.verdict === 'allow') return;
  const what = `impersonate ${subject.plural} ${JSON.stringify(subject.name)}`;
  const who = `user ${JSON.stringify(user.name)}`;
  throw forbiddenRequest(request, `${who} needs the right to ${what}, which this would give`);
}

function groupsOf(object: Unstructured | undefined): string[] {
  const { groups } = fieldsOf(object?.['spec']);
  return Array.isArray(groups) ? groups.filter((one) => typeof one === 'string') : [];
}

const emailOf = (object: Unstructured): unknown => fieldsOf(object['spec'])['email'];

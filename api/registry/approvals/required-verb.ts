import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { goQuote } from '../../machinery/go-text.ts';
import type { AdmissionRequest } from '../admission/admission.ts';
import { forbiddenRequest } from '../admission/forbidden-request.ts';

/**
 * Requires a verb on the Approval itself.
 * @param wish such as `decide`, for the message
 * @throws StatusError Forbidden
 */
export async function requireVerb(
  authorizer: Authorizer,
  request: AdmissionRequest,
  { verb, wish }: { verb: string; wish: string },
): Promise<void> {
  const { resource, namespace, name, user } = request;
  const { group, version, plural } = resource;
  const attributes = { group, version, plural, subresource: '', namespace, name };
  const { verdict } = await authorizer.authorize(user, { verb, path: '', resource: attributes });
  if (verdict === 'allow') return;
  const why = `to ${wish}, user ${goQuote(user.name)} needs the verb ${goQuote(verb)} on it`;
  throw forbiddenRequest(request, why);
}

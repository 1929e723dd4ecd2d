import { secret } from '../users/login-routes.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { readWritten } from '../request/written-object.ts';

/** Hands out an address that decides an Approval for the one who asks. Nothing is written. */
export async function handleDecisionAddress(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const { value: body } = await readWritten(c, { kind: 'DecisionAddress', protobuf: false });
  return secret(await options.approvalLinks.address(targetOf(request), body, c.var.user));
}

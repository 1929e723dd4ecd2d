import { secret } from '../users/login-routes.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { readWritten } from '../request/written-object.ts';

/** Hands out the address of a step that waits for a webhook. Nothing is written: it is the same one each time. */
export async function handleNodeAddress(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const { value: body } = await readWritten(c, { kind: 'NodeAddress', protobuf: false });
  return secret(await options.taskWebhooks.address(targetOf(request), body, c.var.user));
}

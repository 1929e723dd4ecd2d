import { secret } from '../users/login-routes.ts';
import { readPosted } from '../request/posted-fields.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';

/** Hands out the address of a step that waits for a webhook. Nothing is written: it is the same one each time. */
export async function handleNodeAddress(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const { fieldValidation } = writeOptions(request, 'CreateOptions');
  const body = await readPosted(request, fieldValidation, {
    kind: 'NodeAddress',
    fields: ['node', 'expirationSeconds'],
  });
  return secret(await options.taskWebhooks.address(targetOf(request), body, c.var.user));
}

import { representationFor } from '../answer/negotiated-representation.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { readWritten } from '../request/written-object.ts';
import { replyWritten } from './write-handlers.ts';

/** Hands out a token of a ServiceAccount: `kubectl create token`. */
export async function handleCreateToken(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const write = writeOptions(request, 'CreateOptions');
  const representation = representationFor(request);
  const { value: body, ...duplicates } = await readWritten(c, {
    kind: 'TokenRequest',
    protobuf: true,
    findDuplicates: write.fieldValidation !== 'Ignore',
  });
  const result = await options.tokenRequests.create(targetOf(request), body, { ...write, ...duplicates });
  return replyWritten(request, representation, result);
}

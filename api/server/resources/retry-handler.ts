import { retryTask } from '../../registry/tasks/retries.ts';
import { replyObject } from '../answer/reply.ts';
import { readPosted } from '../request/posted-fields.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';

/** Asks a Task that has ended to run a step again; answers the Task. */
export async function handleRetry(request: ResourceRequest): Promise<Response> {
  const write = writeOptions(request, 'CreateOptions');
  const body = await readPosted(request, write.fieldValidation, {
    kind: 'TaskRetry',
    fields: ['node', 'id'],
    optional: true,
  });
  const { object } = await retryTask(request.options.registry, { target: targetOf(request), body, ...write });
  return replyObject(request.c, object.object);
}

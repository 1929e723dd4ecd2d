import { retryTask } from '../../registry/tasks/retries.ts';
import { replyObject } from '../answer/reply.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { readWritten } from '../request/written-object.ts';

/** Asks a Task that has ended to run a step again; answers the Task. */
export async function handleRetry(request: ResourceRequest): Promise<Response> {
  const write = writeOptions(request, 'CreateOptions');
  const { value: body } = await readWritten(request.c, { kind: 'TaskRetry', protobuf: false, optional: true });
  const { object } = await retryTask(request.options.registry, { target: targetOf(request), body, ...write });
  return replyObject(request.c, object.object);
}

import { answerTask } from '../../registry/tasks/answers.ts';
import { replyObject } from '../answer/reply.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { readWritten } from '../request/written-object.ts';

/** Adds the answer of a person to what an agent of the Task has asked; answers the Task. */
export async function handleAnswer(request: ResourceRequest): Promise<Response> {
  const write = writeOptions(request, 'CreateOptions');
  const { value: body } = await readWritten(request.c, { kind: 'TaskAnswer', protobuf: false });
  const result = await answerTask(request.options.registry, { target: targetOf(request), body, ...write });
  return replyObject(request.c, result.object.object);
}

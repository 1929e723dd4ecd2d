import { answerTask } from '../../registry/tasks/answers.ts';
import { replyJson } from '../answer/reply.ts';
import { readObject } from '../request/body.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';

/** Adds the answer of a person to what an agent of the Task has asked; answers the Task. */
export async function handleAnswer(request: ResourceRequest): Promise<Response> {
  const write = writeOptions(request, 'CreateOptions');
  const { value: body } = await readObject(request.c.env.incoming, { kind: 'TaskAnswer', protobuf: false });
  const result = await answerTask(request.options.registry, { target: targetOf(request), body, ...write });
  return replyJson(result.object.object);
}

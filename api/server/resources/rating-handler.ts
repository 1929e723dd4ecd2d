import { rateSkill } from '../../registry/skills/ratings.ts';
import { replyObject } from '../answer/reply.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import { readWritten } from '../request/written-object.ts';

/** Notes what the user thinks of a Skill; answers the Skill. */
export async function handleRate(request: ResourceRequest): Promise<Response> {
  const { registry, clock } = request.options;
  const write = writeOptions(request, 'UpdateOptions');
  const { value: body } = await readWritten(request.c, { kind: 'SkillRating', protobuf: false });
  const { object } = await rateSkill(registry, { target: targetOf(request), body, clock, ...write });
  return replyObject(request.c, object.object);
}

/** Takes back what the user thought of a Skill; answers the Skill. */
export async function handleUnrate(request: ResourceRequest): Promise<Response> {
  const { registry, clock } = request.options;
  const write = writeOptions(request, 'DeleteOptions');
  const { object } = await rateSkill(registry, { target: targetOf(request), clock, ...write });
  return replyObject(request.c, object.object);
}

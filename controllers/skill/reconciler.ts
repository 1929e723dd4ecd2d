import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Skill } from '#api/types/generated/skill';
import { withReady } from '#api/types/ready';
import { SKILLS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { findContent } from './content.ts';
import type { ContentClient, ContentSources } from './content.ts';
import { contentStatus, planSkill } from './plan.ts';

export interface SkillReconcilerOptions extends ContentSources {
  skills: { get(key: string): Skill | undefined };
  troubles: Troubles;
  clock: Clock;
}

/** Makes the package of a Skill where its files are in objects, and says whether the Skill can be used. */
export function skillReconciler(
  options: SkillReconcilerOptions,
): Reconcile<ContentClient & Pick<Client, 'updateStatus'>> {
  const { skills, troubles, clock } = options;
  return async (key, { client }) => {
    const skill = skills.get(key);
    if (skill === undefined || skill.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const content = await findContent(client, skill, options);
    const condition = planSkill(skill, content, (place) => skills.get(objectKey(place)));
    const at = { now: formatTime(clock.now()), generation: skill.metadata.generation };
    const conditions = skill.status?.conditions;
    const told = {
      ...contentStatus(skill, content),
      ...(conditions === undefined ? {} : { conditions }),
    };
    const status = withReady(told, condition, at);
    troubles.follow(key, await writeStatus(client, SKILLS, { object: skill, status }));
  };
}

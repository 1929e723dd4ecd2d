const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
export const MAX_SKILL_NAME = 64;

/** Whether a name is one that the open format allows. */
export const isSkillName = (name: string): boolean => name.length <= MAX_SKILL_NAME && NAME.test(name);

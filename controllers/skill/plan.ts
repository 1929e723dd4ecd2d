import { isConditionTrue } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import type { Skill, SkillStatus } from '#api/types/generated/skill';
import { skillNotReady, skillReady, SkillReason } from '#api/types/skills/skill';
import { dependencyCycle, findByName, placeOf } from '#api/types/skills/skill-set';
import type { FindSkill } from '#api/types/skills/skill-set';

/** The package that new Tasks get, as its status shows it. */
export interface SkillContent {
  contentHash: string;
  /** In the metadata of SKILL.md. */
  version?: string;
  /** In SKILL.md. */
  description?: string;
  files?: number;
  fileSize?: number;
}

/** A Skill that has no package says why. */
export type FoundContent = SkillContent | { problem: NewCondition };

/** Ready when there is a package and all Skills that it needs are ready. Pure. */
export function planSkill(skill: Skill, content: FoundContent, find: FindSkill): NewCondition {
  if ('problem' in content) return content.problem;
  return dependencyProblem(skill, find) ?? skillReady();
}

function dependencyProblem(skill: Skill, find: FindSkill): NewCondition | undefined {
  const cycle = dependencyCycle(skill, find);
  if (cycle !== undefined) {
    return skillNotReady(SkillReason.DependencyCycle, `spec.dependencies: the Skill needs itself: ${cycle}.`);
  }
  for (const name of skill.spec.dependencies ?? []) {
    const found = findByName({ namespace: skill.metadata.namespace ?? '', name }, find);
    if (found === undefined) {
      const message = `spec.dependencies: Skill "${name}" not found in this namespace, nor among the public ones.`;
      return skillNotReady(SkillReason.DependencyNotFound, message);
    }
    // Not asked for the newest generation: else a Skill would flap with each edit of another one.
    if (isConditionTrue(found.status?.conditions, 'Ready')) continue;
    const message = `spec.dependencies: Skill "${placeOf(found)}" is not ready.`;
    return skillNotReady(SkillReason.DependencyNotReady, message);
  }
  return undefined;
}

/** The fields of the status that tell of the package; those of a package that is gone are left out. Pure. */
export function contentStatus(
  { spec, status }: Skill,
  content: FoundContent,
): Omit<
  SkillStatus,
  'git' | 'gitCheck' | 'uses' | 'conditions' | 'message' | 'observedGeneration' | 'state'
> {
  const { upload, rating, ratedBy } = status ?? {};
  const others = {
    ...(upload === undefined ? {} : { upload }),
    ...(rating === undefined ? {} : { rating }),
    ...(ratedBy === undefined ? {} : { ratedBy }),
  };
  if ('problem' in content) return others;
  const { contentHash, description, files, fileSize } = content;
  const version = spec.version === undefined ? content.version : String(spec.version);
  return {
    ...others,
    ...{ contentHash, fileHash: contentHash },
    ...(version === undefined ? {} : { version }),
    ...(description === undefined ? {} : { skillDescription: description }),
    ...(files === undefined ? {} : { files }),
    ...(fileSize === undefined ? {} : { fileSize }),
  };
}

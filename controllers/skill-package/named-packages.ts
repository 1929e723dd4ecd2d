import { objectKey } from '#api/machinery/meta';
import type { Ghost } from '#api/types/generated/ghost';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Skill } from '#api/types/generated/skill';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { PUBLIC_NAMESPACE } from '#api/types/shells/shell';
import { isContentHash, skillPackageName } from '#api/types/skills/skill';

/** Keys of the SkillPackages that objects name. */

function packageKey(namespace: string | undefined, hash: unknown): string[] {
  if (typeof hash !== 'string' || !isContentHash(hash)) return [];
  return [objectKey({ namespace, name: skillPackageName(hash) })];
}

export function namedBySkill({ metadata, status }: Skill): string[] {
  return [status?.contentHash, status?.upload?.contentHash].flatMap((hash) =>
    packageKey(metadata.namespace, hash),
  );
}

/** A Ghost pins contents; the same skill may be known by more than one of its references. */
export function namedByGhost({ spec }: Ghost): string[] {
  return Object.values(spec.skill_refs ?? {}).flatMap((reference) =>
    packageKey(
      reference.is_public === true ? PUBLIC_NAMESPACE : (reference.namespace ?? 'default'),
      reference.content_hash,
    ),
  );
}

export function namedBySandbox({ spec }: Sandbox): string[] {
  return (spec.agent?.skills ?? []).flatMap(({ namespace, contentHash }) =>
    packageKey(namespace, contentHash),
  );
}

/** Nodes are the task controller's own; what is not as it writes them names nothing. */
export function namedByRevision({ spec }: TaskRevision): string[] {
  return spec.nodes.flatMap((node) => {
    const { agent } = node as { agent?: { skills?: unknown } };
    const skills: unknown[] = Array.isArray(agent?.skills) ? agent.skills : [];
    return skills.flatMap((skill) => {
      const { namespace, contentHash } = (skill ?? {}) as { namespace?: unknown; contentHash?: unknown };
      return typeof namespace === 'string' ? packageKey(namespace, contentHash) : [];
    });
  });
}

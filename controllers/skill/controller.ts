import { objectKey } from '#api/machinery/meta';
import type { Skill } from '#api/types/generated/skill';
import type { Task } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { PUBLIC_NAMESPACE } from '#api/types/shells/shell';
import {
  CONFIG_MAPS,
  SANDBOXES,
  SECRETS,
  SKILL_PACKAGES,
  SKILLS,
  TASK_REVISIONS,
  TASKS,
} from '#api/types/resources';
import { skillPackageName } from '#api/types/skills/skill';
import { namedRevision } from '#api/types/tasks/task-revision';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Change } from '../runtime/object-cache.ts';
import type { Runnable } from '../runtime/manager.ts';
import { controllerUIDs } from '../runtime/owned-objects.ts';
import { objects, ownersOf, referrersTo, source } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { gitSourceOf } from './git-source.ts';
import { skillReconciler } from './reconciler.ts';
import { skillsOfRevision } from './uses.ts';

const BY_CONFIG_MAP = 'skill:configMap';
const BY_PACKAGE = 'skill:package';
const BY_DEPENDENCY = 'skill:dependency';
const BY_SECRET = 'skill:secret';
const BY_OWNER = 'sandbox:skill';
const BY_SKILL = 'task-revision:skill';
const BY_REVISION = 'skill:task-revision';

/**
 * Watches Skills, the ConfigMaps with their files, their packages, the Skills that they need, and the Sandboxes and
 * Secrets that fetch their repositories.
 */
export function skillController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const skills = informers.of(SKILLS);
  const configMaps = informers.of(CONFIG_MAPS);
  const packages = informers.metadataOf(SKILL_PACKAGES);
  const secrets = informers.of(SECRETS);
  const sandboxes = informers.of(SANDBOXES);
  const tasks = informers.of(TASKS);
  const revisions = informers.of(TASK_REVISIONS);
  tasks.addIndex(BY_REVISION, namedRevision);
  revisions.addIndex(BY_SKILL, skillsOfRevision);
  skills.addIndex(BY_CONFIG_MAP, configMapOf);
  skills.addIndex(BY_SECRET, secretOf);
  sandboxes.addIndex(BY_OWNER, (sandbox) => controllerUIDs(sandbox, SKILLS));
  skills.addIndex(BY_PACKAGE, packagesOf);
  skills.addIndex(BY_DEPENDENCY, dependenciesOf);
  return createController({
    name: 'skill',
    client,
    reconcile: skillReconciler({
      skills,
      configMaps,
      packages,
      secrets,
      tasksWith: (key) =>
        revisions
          .byIndex(BY_SKILL, key)
          .flatMap(({ metadata }) => tasks.byIndex(BY_REVISION, objectKey(metadata))),
      sandboxesOf: (uid) => sandboxes.byIndex(BY_OWNER, uid),
      clock,
      troubles: createTroubles({ recorder: recorder('skill-controller'), clock }),
    }),
    failures: { find: (key) => skills.get(key), recorder: recorder('skill-controller') },
    sources: [
      objects(skills),
      referrersTo(configMaps, skills, BY_CONFIG_MAP),
      referrersTo(packages, skills, BY_PACKAGE),
      referrersTo(secrets, skills, BY_SECRET),
      ownersOf(sandboxes, SKILLS),
      source(tasks, (change) => usedSkills(revisions, change)),
      // It may come after the Task that names it.
      source(revisions, ({ new: now }) => (now === undefined ? [] : skillsOfRevision(now))),
      source(skills, ({ key }) => dependentsOf(skills, key)),
    ],
    clock,
    logger,
    meter,
  });
}

function configMapOf({ metadata, spec }: Skill): string[] {
  const name = spec.source?.type === 'configMap' ? spec.source.configMap?.name : undefined;
  return name === undefined ? [] : [objectKey({ namespace: metadata.namespace, name })];
}

function secretOf(skill: Skill): string[] {
  const name = gitSourceOf(skill)?.secretName;
  return name === undefined ? [] : [objectKey({ namespace: skill.metadata.namespace, name })];
}

/** The keys of the SkillPackages that a Skill names. */
function packagesOf({ metadata, status }: Skill): string[] {
  const hashes = new Set([status?.contentHash, status?.upload?.contentHash]);
  return [...hashes].flatMap((hash) =>
    hash === undefined ? [] : [objectKey({ namespace: metadata.namespace, name: skillPackageName(hash) })],
  );
}

/** Where a dependency is, or may come to be. */
function dependenciesOf({ metadata, spec }: Skill): string[] {
  const namespaces = new Set([metadata.namespace, PUBLIC_NAMESPACE]);
  return (spec.dependencies ?? []).flatMap((name) =>
    [...namespaces].map((namespace) => objectKey({ namespace, name })),
  );
}

/** The Skills of a Task that begins or ends to have them: most changes of a Task do neither. */
function usedSkills(revisions: Informer<TaskRevision>, change: Change<Task>): string[] {
  const [[before], [after]] = [namedRevision(change.old), namedRevision(change.new)];
  if (before === after) return [];
  return [before, after].flatMap((key) => {
    const revision = key === undefined ? undefined : revisions.get(key);
    return revision === undefined ? [] : skillsOfRevision(revision);
  });
}

/** All that need a Skill, by whatever way: a circle may be closed, or opened, far away. */
function dependentsOf(skills: Informer<Skill>, key: string): Iterable<string> {
  const found = new Set<string>([key]);
  for (const one of found) {
    for (const { metadata } of skills.byIndex(BY_DEPENDENCY, one)) found.add(objectKey(metadata));
  }
  found.delete(key);
  return found;
}

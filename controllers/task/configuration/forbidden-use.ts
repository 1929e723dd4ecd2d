import type { Client } from '#api/client/client';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskUser } from '#api/types/generated/task';
import {
  GHOSTS,
  MODELS,
  SKILLS,
  SUBJECT_ACCESS_REVIEWS,
  TASK_REVISIONS,
  TEAMS,
  WORKSPACES,
} from '#api/types/resources';
import { presentUser } from './present-user.ts';
import { usedFrom } from './used-configuration.ts';
import type { UsedObject } from './used-configuration.ts';

type Reviewing = Pick<Client, 'create' | 'find'>;

/**
 * A sentence about the first object that the user of a Task may not use, or undefined. Judged are the Team and the
 * Workspace of the Task, and whatever the Team takes from other namespaces: what is beside the Team is its own, and whoever
 * may use the Team may use it as a whole. Nothing is used for a user who is gone or disabled. A Task of a server that
 * noted no user is not judged.
 */
export async function forbiddenUse(
  client: Reviewing,
  task: Task,
  used: readonly UsedObject[],
): Promise<string | undefined> {
  if (task.spec.user === undefined) return undefined;
  const user = await presentUser(client, task.spec.user);
  if (typeof user === 'string') return user;
  const judged = used.filter((one) => needsRight(task, one));
  const allowed = await Promise.all(judged.map((one) => mayUse(client, { task, user }, one)));
  const refused = judged.find((_one, index) => allowed[index] !== true);
  if (refused === undefined) return undefined;
  const { type, name } = refused;
  return `User "${user.name}", who made the Task, may not use ${type.kind} "${name.namespace}/${name.name}".`;
}

/** The objects that Sandboxes of a Task are going to use, as far as they name them. */
export function usedBySandboxes({ metadata, spec }: Task, sandboxes: readonly Sandbox[]): UsedObject[] {
  const one = usedFrom(metadata.namespace ?? '');
  const ofRuns = sandboxes.flatMap(({ spec: { agent, model } }) => [
    ...one(GHOSTS, agent?.ghostRef),
    ...one(MODELS, model?.ref),
    ...(agent?.skills ?? []).flatMap((skill) => one(SKILLS, skill)),
  ]);
  return [...one(TEAMS, spec.teamRef), ...one(WORKSPACES, spec.workspaceRef), ...ofRuns];
}

function needsRight({ metadata, spec }: Task, { type, name }: UsedObject): boolean {
  const teamNamespace = spec.teamRef.namespace ?? metadata.namespace ?? '';
  const isNamed = type === TEAMS || type === WORKSPACES || type === TASK_REVISIONS;
  return isNamed || name.namespace !== teamNamespace;
}

/** As for the reference itself: within the namespace of the Task the right to read is enough. */
async function mayUse(
  client: Reviewing,
  { task, user }: { task: Task; user: TaskUser },
  one: UsedObject,
): Promise<boolean> {
  if (await isAllowed(client, user, { verb: 'use', one })) return true;
  const isBeside = one.name.namespace === task.metadata.namespace;
  return isBeside && isAllowed(client, user, { verb: 'get', one });
}

async function isAllowed(
  client: Reviewing,
  { name: userName, ...rest }: TaskUser,
  { verb, one }: { verb: string; one: UsedObject },
): Promise<boolean> {
  const { group, version, plural: resource } = one.type;
  const { group: reviewGroup, version: reviewVersion, kind } = SUBJECT_ACCESS_REVIEWS;
  const { status } = await client.create(SUBJECT_ACCESS_REVIEWS, {
    apiVersion: `${reviewGroup}/${reviewVersion}`,
    kind,
    metadata: { name: '' },
    spec: { user: userName, ...rest, resourceAttributes: { verb, group, version, resource, ...one.name } },
  });
  return status?.allowed === true;
}

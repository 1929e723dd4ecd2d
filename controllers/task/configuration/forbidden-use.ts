import type { Client } from '#api/client/client';
import type { Task } from '#api/types/generated/task';
import { SUBJECT_ACCESS_REVIEWS, TEAMS, WORKSPACES } from '#api/types/resources';
import type { UsedObject } from './used-configuration.ts';

/**
 * A sentence about the first object that the user of a Task may not use, or undefined. Judged are the Team and the
 * Workspace of the Task, and whatever the Team takes from other namespaces: what is beside the Team is its own, and whoever
 * may use the Team may use it as a whole. A Task of a server that noted no user is not judged.
 */
export async function forbiddenUse(
  client: Pick<Client, 'create'>,
  task: Task,
  used: readonly UsedObject[],
): Promise<string | undefined> {
  const { user } = task.spec;
  if (user === undefined) return undefined;
  const judged = used.filter((one) => needsRight(task, one));
  const allowed = await Promise.all(judged.map((one) => mayUse(client, task, one)));
  const refused = judged.find((_one, index) => allowed[index] !== true);
  if (refused === undefined) return undefined;
  const { type, name } = refused;
  return `User "${user.name}", who made the Task, may not use ${type.kind} "${name.namespace}/${name.name}".`;
}

function needsRight({ metadata, spec }: Task, { type, name }: UsedObject): boolean {
  const teamNamespace = spec.teamRef.namespace ?? metadata.namespace ?? '';
  return type === TEAMS || type === WORKSPACES || name.namespace !== teamNamespace;
}

/** As for the reference itself: within the namespace of the Task the right to read is enough. */
async function mayUse(client: Pick<Client, 'create'>, task: Task, one: UsedObject): Promise<boolean> {
  if (await isAllowed(client, task, { verb: 'use', one })) return true;
  const isBeside = one.name.namespace === task.metadata.namespace;
  return isBeside && isAllowed(client, task, { verb: 'get', one });
}

async function isAllowed(
  client: Pick<Client, 'create'>,
  { spec: { user } }: Task,
  { verb, one }: { verb: string; one: UsedObject },
): Promise<boolean> {
  const { name: userName = '', ...rest } = user ?? {};
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

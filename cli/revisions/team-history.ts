import type { Client } from '#api/client/client';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { CliError } from '../error-text.ts';
import { listAll } from '../object-set.ts';
import { TASKS } from '../task.ts';
import type { CliTask } from '../task.ts';

export interface CliRevision extends KubeObject {
  spec: Record<string, unknown> & { teamRef: { name: string; namespace?: string } };
}

export interface CliTeam extends KubeObject {
  spec: { revision?: string };
}

export const TASK_REVISIONS: ResourceType<CliRevision> = {
  ...{ group: TROUPE_GROUP, version: 'v1alpha1', namespaced: true },
  ...{ kind: 'TaskRevision', plural: 'taskrevisions' },
};

export const CLI_TEAMS: ResourceType<CliTeam> = {
  ...{ group: TROUPE_GROUP, version: 'v1', namespaced: true },
  ...{ kind: 'Team', plural: 'teams' },
};

export interface TeamRef {
  namespace: string;
  name: string;
}

/** One configuration that Tasks of a Team ran with. */
export interface PastRevision {
  revision: CliRevision;
  /** RFC 3339; when the first Task that is still there was made, or else the TaskRevision. */
  firstUsed: string;
  /** RFC 3339, likewise. */
  lastUsed: string;
  /** Tasks of the namespace that were started with it and are still there. */
  tasks: number;
}

/** The TaskRevisions of a Team in its namespace, the oldest first. */
export async function teamHistory(client: Client, team: TeamRef): Promise<PastRevision[]> {
  const { namespace } = team;
  const revisions = await listAll(client, TASK_REVISIONS, { namespace });
  const tasks = await listAll(client, TASKS, { namespace });
  return revisions.items
    .filter(({ spec: { teamRef } }) => teamRef.name === team.name && teamRef.namespace === namespace)
    .map((revision) => pastRevision(revision, tasks.items))
    .sort((a, b) => order(a.firstUsed, b.firstUsed) || writtenAt(a) - writtenAt(b));
}

function pastRevision(revision: CliRevision, tasks: readonly CliTask[]): PastRevision {
  const { name, creationTimestamp = '' } = revision.metadata;
  const times = tasks
    .filter(({ status }) => status?.revision === name)
    .map(({ metadata }) => metadata.creationTimestamp ?? '')
    .sort();
  return {
    revision,
    firstUsed: times[0] ?? creationTimestamp,
    lastUsed: times.at(-1) ?? creationTimestamp,
    tasks: times.length,
  };
}

/** The one with the newest Task. @throws CliError where there is none */
export function newestUsed(history: readonly PastRevision[], { name }: TeamRef): PastRevision {
  const [newest] = history.toSorted((a, b) => order(b.lastUsed, a.lastUsed) || writtenAt(b) - writtenAt(a));
  if (newest === undefined)
    throw new CliError(`no rollout history found for team/${name}: no Task of it is there`);
  return newest;
}

/** @throws CliError where the Team has no such TaskRevision */
export function revisionOf(history: readonly PastRevision[], wanted: string): PastRevision {
  const found = history.find((one) => nameOf(one) === wanted);
  if (found === undefined)
    throw new CliError(`unable to find the revision ${JSON.stringify(wanted)} of this Team`);
  return found;
}

export const nameOf = ({ revision }: PastRevision): string => revision.metadata.name;

/** Tells those apart that were first used within one second: a TaskRevision is written once. */
const writtenAt = ({ revision }: PastRevision): number => Number(revision.metadata.resourceVersion ?? 0);

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** All Teams of these namespaces. */
export async function teamsIn(client: Client, namespaces: readonly string[]): Promise<CliTeam[]> {
  const lists = await Promise.all(namespaces.map((namespace) => listAll(client, CLI_TEAMS, { namespace })));
  return lists.flatMap(({ items }) => items);
}

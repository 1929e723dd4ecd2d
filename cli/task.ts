import { isAtRest } from '#api/types/task';
import type { Condition } from '#api/machinery/condition';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';

/** What the commands about Tasks read and write of one. */
export interface CliTask extends KubeObject {
  spec?: {
    prompt: string;
    teamRef: { name: string };
    workspaceRef?: { name: string };
    revision?: string;
    timeoutSeconds?: number;
    cancel?: boolean;
    messages?: { id: string }[];
    retries?: { id: string }[];
  };
  status?: {
    status?: string;
    revision?: string;
    errorMessage?: string;
    message?: string;
    currentStep?: number;
    questions?: CliQuestion[];
    approvals?: { questionId?: string }[];
    messages?: { id: string; state: string; node?: string }[];
    retries?: string[];
    result?: { value?: string };
    conditions?: Condition[];
  };
}

/** Something that an agent asks. */
export interface CliQuestion {
  id: string;
  message: string;
  tool?: string;
  input?: Record<string, unknown>;
  options?: string[];
}

export const TASKS: ResourceType<CliTask> = {
  group: TROUPE_GROUP,
  version: 'v1',
  kind: 'Task',
  plural: 'tasks',
  namespaced: true,
};

const named = { group: TROUPE_GROUP, version: 'v1', namespaced: true };

/** Those that a Task names; only whether they are there is asked. */
export const TEAMS: ResourceType = { ...named, kind: 'Team', plural: 'teams' };
export const WORKSPACES: ResourceType = { ...named, kind: 'Workspace', plural: 'workspaces' };

/** True when nothing more will happen in the Task. */
export function isFinal(task: CliTask): boolean {
  return isAtRest(task);
}

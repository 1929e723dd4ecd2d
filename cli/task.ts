import { isAtRest } from '#api/types/tasks/task';
import type { Condition } from '#api/machinery/condition';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { CliError } from './error-text.ts';

/** What the commands about Tasks read and write of one. */
export interface CliTask extends KubeObject {
  spec?: {
    prompt: string;
    teamRef: { name: string };
    workspaceRef?: { name: string };
    revision?: string;
    forkFrom?: { task: string; step?: string; text?: string };
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
    subTasks?: { node?: string }[];
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

/** The name in `NAME`, `task/NAME`, `tasks/NAME` or `ta/NAME`. @throws CliError for another kind */
export function taskName(text: string): string {
  const [first, second, ...more] = text.split('/');
  if (second === undefined && first !== undefined && first !== '') return first;
  const isTask = ['task', 'tasks', 'ta', 'tk', 'task.agent.wecode.io', 'tasks.agent.wecode.io'].includes(
    first ?? '',
  );
  if (!isTask || second === undefined || second === '' || more.length > 0) {
    throw new CliError(`a Task is expected: give NAME or task/NAME, not ${JSON.stringify(text)}`);
  }
  return second;
}

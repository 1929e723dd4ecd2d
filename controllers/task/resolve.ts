import type { KubeObject } from '#api/machinery/meta';
import type { Bot } from '#api/types/generated/bot';
import type { Ghost } from '#api/types/generated/ghost';
import type { Model } from '#api/types/generated/model';
import type { Shell } from '#api/types/generated/shell';
import type { Task } from '#api/types/generated/task';
import type { Team, TeamMember } from '#api/types/generated/team';
import type { Workspace } from '#api/types/generated/workspace';
import { isReadyNow } from '#api/types/ready';
import type { ReadyStatus } from '#api/types/ready';
import { TaskReason } from '#api/types/task';
import { plannedStep } from './planned-step.ts';
import type { PlannedStep, PlannedWorkspace, Reference, SnapshotContent } from './snapshot.ts';

/** Objects by name, as the caches know them. */
export interface Configuration {
  team(ref: ObjectName): Team | undefined;
  bot(ref: ObjectName): Bot | undefined;
  ghost(ref: ObjectName): Ghost | undefined;
  shell(ref: ObjectName): Shell | undefined;
  model(ref: ObjectName): Model | undefined;
  workspace(ref: ObjectName): Workspace | undefined;
}

export interface ObjectName {
  namespace: string;
  name: string;
}

export type Resolution =
  | { outcome: 'resolved'; content: SnapshotContent }
  /** Something is missing that may still come. */
  | { outcome: 'waiting'; reason: 'WaitingForTeam' | 'WaitingForWorkspace'; message: string }
  /** No change of other objects is waited for: the Task cannot be carried out as it is. */
  | { outcome: 'impossible'; reason: 'UnsupportedMode' | 'WorkspaceRequired'; message: string };

type Waiting = Extract<Resolution, { outcome: 'waiting' }>;
type Impossible = Extract<Resolution, { outcome: 'impossible' }>;

/** Follows all references of the Task. Each is checked itself: a Team's status may lag behind its parts. */
export function resolveTask(task: Task, configuration: Configuration): Resolution {
  const namespace = task.metadata.namespace ?? '';
  const teamName = within(namespace, task.spec.teamRef);
  const team = configuration.team(teamName);
  if (team === undefined) return waitingForTeam(`spec.teamRef: Team "${shown(teamName)}" not found.`);
  const members = workingMembers(team);
  if (members === undefined) return unsupportedMode(team, teamName);
  const notReady = unready('Team', teamName, team);
  if (notReady !== undefined) return waitingForTeam(`spec.teamRef: ${notReady}`);

  const steps: PlannedStep[] = [];
  for (const member of members) {
    const step = resolveMember(member, teamName.namespace, configuration);
    if (typeof step === 'string') return waitingForTeam(`spec.teamRef: Team "${shown(teamName)}": ${step}`);
    steps.push(step);
  }
  const workspace = resolveWorkspace(task, configuration);
  if (workspace !== undefined && 'outcome' in workspace) return workspace;
  const requires = team.spec.requiresWorkspace === true || steps.some((step) => step.requiresWorkspace);
  if (workspace === undefined && requires) return workspaceRequired(teamName);
  return {
    outcome: 'resolved',
    content: {
      teamRef: teamName,
      mode: team.spec.collaborationModel,
      prompt: task.spec.prompt,
      ...(workspace === undefined ? {} : { workspace }),
      steps,
    },
  };
}

/** The members that get a step, in order; undefined when the collaboration model is not carried out yet. */
function workingMembers(team: Team): TeamMember[] | undefined {
  const { collaborationModel, members } = team.spec;
  if (collaborationModel === 'pipeline') return members;
  if (collaborationModel !== 'solo') return undefined;
  const leader = members.find((member) => member.role === 'leader') ?? members[0];
  return leader === undefined ? [] : [leader];
}

/** The member's step, or a sentence that says what is missing. */
function resolveMember(
  member: TeamMember,
  namespace: string,
  configuration: Configuration,
): PlannedStep | string {
  const botName = within(namespace, member.botRef);
  const bot = configuration.bot(botName);
  if (bot === undefined) return `Bot "${shown(botName)}" not found.`;
  const ghostName = within(botName.namespace, bot.spec.ghostRef);
  const shellName = within(botName.namespace, bot.spec.shellRef);
  const modelName = bot.spec.modelRef && within(botName.namespace, bot.spec.modelRef);
  const ghost = configuration.ghost(ghostName);
  const shell = configuration.shell(shellName);
  const model = modelName && configuration.model(modelName);
  const problem =
    unready('Bot', botName, bot) ??
    unready('Ghost', ghostName, ghost) ??
    unready('Shell', shellName, shell) ??
    (modelName && unready('Model', modelName, model));
  if (problem !== undefined) return problem;
  if (ghost === undefined || shell === undefined) return `Bot "${shown(botName)}" is not complete.`;
  const base =
    shell.spec.baseShellRef === undefined
      ? undefined
      : configuration.shell({ namespace: shellName.namespace, name: shell.spec.baseShellRef });
  return plannedStep({ member, bot, ghost, shell, base, model });
}

function resolveWorkspace(task: Task, configuration: Configuration): PlannedWorkspace | Waiting | undefined {
  if (task.spec.workspaceRef === undefined) return undefined;
  const name = within(task.metadata.namespace ?? '', task.spec.workspaceRef);
  const workspace = configuration.workspace(name);
  const problem = unready('Workspace', name, workspace);
  if (problem !== undefined || workspace === undefined) {
    return {
      outcome: 'waiting',
      reason: TaskReason.WaitingForWorkspace,
      message: `spec.workspaceRef: ${problem ?? ''}`,
    };
  }
  const { gitUrl, branchName, secretRef } = workspace.spec.repository;
  return {
    ref: name,
    gitUrl,
    branchName,
    ...(secretRef === undefined ? {} : { secretName: secretRef.name }),
  };
}

/** A sentence that says why the object cannot be used now, or undefined. */
function unready(
  kind: string,
  name: ObjectName,
  object: (KubeObject & { status?: ReadyStatus }) | undefined,
): string | undefined {
  if (object === undefined) return `${kind} "${shown(name)}" not found.`;
  if (isReadyNow(object)) return undefined;
  const why = object.status?.state === 'Unavailable' ? object.status.message : undefined;
  return `${kind} "${shown(name)}" is not ready${why === undefined ? '.' : `: ${why}`}`;
}

function waitingForTeam(message: string): Waiting {
  return { outcome: 'waiting', reason: TaskReason.WaitingForTeam, message };
}

function unsupportedMode(team: Team, name: ObjectName): Impossible {
  return {
    outcome: 'impossible',
    reason: TaskReason.UnsupportedMode,
    message: `Team "${shown(name)}": spec.collaborationModel: this version does not carry out "${team.spec.collaborationModel}"; it carries out solo and pipeline.`,
  };
}

function workspaceRequired(name: ObjectName): Impossible {
  return {
    outcome: 'impossible',
    reason: TaskReason.WorkspaceRequired,
    message: `spec.workspaceRef: required, since Team "${shown(name)}" works in a repository.`,
  };
}

function within(namespace: string, ref: Reference): ObjectName {
  return { namespace: ref.namespace ?? namespace, name: ref.name };
}

const shown = (name: ObjectName): string => `${name.namespace}/${name.name}`;

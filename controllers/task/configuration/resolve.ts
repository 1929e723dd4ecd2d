import type { KubeObject } from '#api/machinery/meta';
import type { Collaboration } from '#api/types/generated/collaboration';
import type { Bot } from '#api/types/generated/bot';
import type { Ghost } from '#api/types/generated/ghost';
import type { MCPServer } from '#api/types/generated/mcpserver';
import type { Model } from '#api/types/generated/model';
import type { Shell } from '#api/types/generated/shell';
import type { Skill } from '#api/types/generated/skill';
import type { Task } from '#api/types/generated/task';
import type { Team, TeamMember } from '#api/types/generated/team';
import type { Workspace } from '#api/types/generated/workspace';
import { isReadyNow } from '#api/types/ready';
import type { ReadyStatus } from '#api/types/ready';
import { PUBLIC_NAMESPACE } from '#api/types/shells/shell';
import { isUploadObserved } from '#api/types/skills/skill';
import { placeOf, skillsOf } from '#api/types/skills/skill-set';
import { TaskReason } from '#api/types/tasks/task';
import { collaborationModelOf } from '#api/types/teams/team';
import type { CollaborationModels } from '../graph/collaboration-models.ts';
import type { DraftedPlan, ModelSources } from '../graph/drafted-plan.ts';
import { withSecretNamespace } from '../approvals/settings.ts';
import { validateGraph } from '../graph/graph.ts';
import type { MemberNode, PlannedNode } from '../graph/graph.ts';
import type { PlannedWorkspace, Reference, RevisionContent, RevisionMember } from '../revision/revision.ts';
import { namedServers } from './named-servers.ts';
import { parametersProblem } from './parameters.ts';
import { stepActions } from './step-actions.ts';
import { placementOf } from './placement.ts';
import { plannedMember } from './planned-member.ts';
import type { PlannedMember } from './planned-member.ts';

/** Objects by name, as the caches know them. */
export interface Configuration {
  collaboration(ref: ObjectName): Collaboration | undefined;
  team(ref: ObjectName): Team | undefined;
  bot(ref: ObjectName): Bot | undefined;
  ghost(ref: ObjectName): Ghost | undefined;
  shell(ref: ObjectName): Shell | undefined;
  model(ref: ObjectName): Model | undefined;
  skill(ref: ObjectName): Skill | undefined;
  mcpServer(ref: ObjectName): MCPServer | undefined;
  workspace(ref: ObjectName): Workspace | undefined;
}

export interface ObjectName {
  namespace: string;
  name: string;
}

export type Resolution =
  | { outcome: 'resolved'; content: RevisionContent }
  /** Something is missing that may still come. */
  | { outcome: 'waiting'; reason: 'WaitingForTeam' | 'WaitingForWorkspace' | 'UseForbidden'; message: string }
  /** No change of other objects is waited for: the Task cannot be carried out as it is. */
  | { outcome: 'impossible'; reason: ImpossibleReason; message: string };

export type ImpossibleReason =
  'ForkImpossible' | 'InvalidPlan' | 'ParametersInvalid' | 'UnsupportedMode' | 'WorkspaceRequired';

type Waiting = Extract<Resolution, { outcome: 'waiting' }>;
type Impossible = Extract<Resolution, { outcome: 'impossible' }>;

export interface ResolveOptions {
  configuration: Configuration;
  models: CollaborationModels;
}

/** Follows all references of the Task. Each is checked itself: a Team's status may lag behind its parts. */
export function resolveTask(task: Task, { configuration, models }: ResolveOptions): Resolution {
  const namespace = task.metadata.namespace ?? '';
  const teamName = within(namespace, task.spec.teamRef);
  const team = configuration.team(teamName);
  if (team === undefined) return waitingForTeam(`spec.teamRef: Team "${shown(teamName)}" not found.`);
  const mode = modeOf(task, team);
  const model = models[mode];
  if (model === undefined) return unsupportedMode(mode, teamName, Object.keys(models));
  const notReady = unready('Team', teamName, team);
  if (notReady !== undefined) return waitingForTeam(`spec.teamRef: ${notReady}`);
  const wrong = parametersProblem(task.spec.parameters, team.spec.parametersSchema);
  if (wrong !== undefined) return impossible(TaskReason.ParametersInvalid, wrong);

  const collaboration = resolveCollaboration(team, teamName, configuration);
  if (typeof collaboration === 'string') return waitingForTeam(collaboration);
  const draft = model({ team: team.spec, ...collaboration, ...wishesOf(task) });
  if ('problem' in draft)
    return draft.reason === undefined
      ? invalidPlan(teamName, draft.problem)
      : impossible(draft.reason, draft.problem);
  const problem = validateGraph(draft.nodes);
  if (problem !== undefined) return invalidPlan(teamName, problem);
  const workers = resolveWorkers(draft, teamName, configuration);
  if ('outcome' in workers) return workers;
  const workspace = resolveWorkspace(task, configuration);
  if (workspace !== undefined && 'outcome' in workspace) return workspace;
  if (workspace === undefined && requiresWorkspace(team, workers)) return workspaceRequired(teamName);
  return {
    outcome: 'resolved',
    content: {
      teamRef: teamName,
      mode,
      ...(workspace === undefined ? {} : { workspace }),
      ...teamSettings(team, teamName),
      ...placementIn(task, team, configuration),
      nodes: workers.nodes.map(plannedNode),
      ...membersOf(workers),
      ...(draft.program === undefined ? {} : { program: draft.program }),
    },
  };
}

function membersOf({ members }: Workers): Pick<RevisionContent, 'members'> {
  const named = Object.entries(members).map(([name, who]) => [name, revisionMember(who)] as const);
  return named.length === 0 ? {} : { members: Object.fromEntries(named) };
}

/** The settings of the Team that hold for all its nodes. */
function teamSettings(
  { spec: { approval, parametersSchema } }: Team,
  { namespace }: ObjectName,
): Pick<RevisionContent, 'approval' | 'parametersSchema'> {
  return {
    ...(parametersSchema === undefined ? {} : { parametersSchema }),
    ...(approval === undefined ? {} : { approval: withSecretNamespace(approval, namespace) }),
  };
}

/** How the Team works; whatever way is its own, the leader writes a workflow for a Task that asks for one. */
function modeOf({ spec: { executionMode } }: Task, { spec }: Team): string {
  return executionMode === 'planned' ? 'workflow' : collaborationModelOf(spec);
}

function wishesOf({ spec }: Task): Pick<ModelSources, 'executionMode' | 'parameters'> {
  const { executionMode } = spec;
  return {
    ...(executionMode === undefined ? {} : { executionMode }),
    parameters: spec.parameters ?? {},
  };
}

/** The Collaboration that the Team names, if any, or a sentence that says why it cannot be used now. */
function resolveCollaboration(
  { spec }: Team,
  teamName: ObjectName,
  configuration: Configuration,
): Pick<ModelSources, 'actions' | 'collaboration'> | string {
  if (spec.collaborationRef === undefined) return {};
  const name = within(teamName.namespace, spec.collaborationRef);
  const found = configuration.collaboration(name);
  const problem = unready('Collaboration', name, found);
  if (found === undefined || problem !== undefined)
    return `spec.teamRef: Team "${shown(teamName)}": ${problem ?? ''}`;
  const actions = stepActions(found, configuration);
  if (typeof actions === 'string') return `spec.teamRef: Team "${shown(teamName)}": ${actions}`;
  return { collaboration: found.spec, ...(Object.keys(actions).length === 0 ? {} : { actions }) };
}

/** All who work in a plan, looked up. */
interface Workers {
  nodes: readonly ResolvedNode[];
  members: Readonly<Record<string, PlannedMember>>;
}

interface ResolvedNode {
  node: MemberNode;
  who: PlannedMember;
}

function resolveWorkers(
  { nodes, members = {}, mayBeAbsent = [] }: DraftedPlan,
  teamName: ObjectName,
  configuration: Configuration,
): Workers | Waiting {
  const waits = (why: string): Waiting => waitingForTeam(`spec.teamRef: Team "${shown(teamName)}": ${why}`);
  const resolved: ResolvedNode[] = [];
  for (const node of nodes) {
    const who = resolveMember(node.member, teamName.namespace, configuration);
    if (typeof who === 'string') return waits(who);
    resolved.push({ node, who });
  }
  const named: [string, PlannedMember][] = [];
  for (const [name, member] of Object.entries(members)) {
    const who = resolveMember(member, teamName.namespace, configuration);
    if (typeof who !== 'string') named.push([name, who]);
    else if (!mayBeAbsent.includes(name)) return waits(who);
  }
  return { nodes: resolved, members: Object.fromEntries(named) };
}

function requiresWorkspace(team: Team, { nodes, members }: Workers): boolean {
  const all = [...nodes.map(({ who }) => who), ...Object.values(members)];
  return team.spec.requiresWorkspace === true || all.some((who) => who.requiresWorkspace);
}

function plannedNode({ node, who }: ResolvedNode): PlannedNode {
  const { member: _, ...rest } = node;
  const { usesWorkspace, ...work } = revisionMember(who);
  return { ...rest, ...work, workspace: { ...node.workspace, uses: usesWorkspace } };
}

function revisionMember(who: PlannedMember): RevisionMember {
  const { requiresWorkspace: _, ...member } = who;
  return member;
}

/** The part of the member that its node gets, or a sentence that says what is missing. */
function resolveMember(
  member: TeamMember,
  namespace: string,
  configuration: Configuration,
): PlannedMember | string {
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
  const base = baseShell(shell.spec.baseShellRef, shellName.namespace, configuration);
  const set = skillsOf(ghost, (name) => configuration.skill(name));
  if ('problem' in set) return `Ghost "${shown(ghostName)}": ${set.message}`;
  const late = set.skills.find(({ skill }) => !isSkillReady(skill));
  if (late !== undefined) return `Skill "${placeOf(late.skill)}" is not ready.`;
  const mcpServers = namedServers(ghost, ghostName, (name) => configuration.mcpServer(name));
  if (typeof mcpServers === 'string') return mcpServers;
  const planned = plannedMember({ member, bot, ghost, shell, base, model, skills: set.skills, mcpServers });
  if (member.approval === undefined) return planned;
  return { ...planned, approval: withSecretNamespace(member.approval, namespace) };
}

/** One of the same namespace comes before the public one of that name. */
function baseShell(
  name: string | undefined,
  namespace: string,
  configuration: Configuration,
): Shell | undefined {
  if (name === undefined || name === '') return undefined;
  return (
    configuration.shell({ namespace, name }) ?? configuration.shell({ namespace: PUBLIC_NAMESPACE, name })
  );
}

/** The demands of the Workspace and the Team on Executors. */
export function placementIn(
  task: Task,
  team: Team,
  configuration: Configuration,
): Pick<RevisionContent, 'placement'> {
  const { workspaceRef } = task.spec;
  const namespace = task.metadata.namespace ?? '';
  const workspace = workspaceRef && configuration.workspace(within(namespace, workspaceRef));
  const placement = placementOf(workspace?.spec, team.spec);
  return placement === undefined ? {} : { placement };
}

/** The Workspace that the Task names, if any, or why it waits for it. */
export function resolveWorkspace(
  task: Task,
  configuration: Configuration,
): PlannedWorkspace | Waiting | undefined {
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
  return plannedWorkspace(name, workspace);
}

function plannedWorkspace(ref: ObjectName, { spec }: Workspace): PlannedWorkspace {
  const { gitUrl, branchName, ref: startFrom, subPath, depth, secretRef, ...rest } = spec.repository;
  const { tags, submodules, lfs } = rest;
  // A field that is absent, or says the same, makes no other revision.
  return {
    ref,
    gitUrl,
    branchName,
    ...(startFrom === undefined ? {} : { startFrom }),
    ...(subPath === undefined ? {} : { subPath }),
    ...(depth === undefined ? {} : { depth }),
    ...(tags === true ? { tags } : {}),
    ...(submodules === true ? { submodules } : {}),
    ...(lfs === true ? { lfs } : {}),
    ...(spec.trusted === true ? { trusted: true } : {}),
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

/** A Task that was made after an upload gets what was uploaded. */
const isSkillReady = (skill: Skill): boolean => isReadyNow(skill) && isUploadObserved(skill);

function waitingForTeam(message: string): Waiting {
  return { outcome: 'waiting', reason: TaskReason.WaitingForTeam, message };
}

function impossible(reason: ImpossibleReason, message: string): Impossible {
  return { outcome: 'impossible', reason, message };
}

function unsupportedMode(wanted: string, name: ObjectName, supported: readonly string[]): Impossible {
  return impossible(
    TaskReason.UnsupportedMode,
    `Team "${shown(name)}": spec.collaborationModel: "${wanted}" is not supported; supported: ${supported.join(', ')}.`,
  );
}

function invalidPlan(name: ObjectName, problem: string): Impossible {
  return impossible(TaskReason.InvalidPlan, `Team "${shown(name)}" cannot be carried out: ${problem}`);
}

export function workspaceRequired(name: ObjectName): Impossible {
  return impossible(
    TaskReason.WorkspaceRequired,
    `spec.workspaceRef: required, since Team "${shown(name)}" works in a repository.`,
  );
}

/** The object that is meant by a reference in `namespace`. */
export function within(namespace: string, ref: Reference): ObjectName {
  return { namespace: ref.namespace ?? namespace, name: ref.name };
}

const shown = (name: ObjectName): string => `${name.namespace}/${name.name}`;

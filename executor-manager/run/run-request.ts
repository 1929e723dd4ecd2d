import { StatusError } from '#api/machinery/status-error';
import { actionLine } from '#api/types/action';
import type { SandboxAgentSkill } from '#api/types/generated/sandbox';
import { GHOSTS, TASK_REVISIONS } from '#api/types/resources';
import { actionRequest, actionServers, readActionValues } from './action-request.ts';
import type { ActionValues } from './action-request.ts';
import { readGitSecret } from './git-credential.ts';
import type { GitCredential } from './git-credential.ts';
import type { Servers } from './mcp-server-values.ts';
import { withRealValues } from './mcp-values.ts';
import { readObject, refFrom } from './references.ts';
import type { Reader } from './references.ts';
import { readReferredServers } from './referred-servers.ts';
import type { ReferredServers } from './referred-servers.ts';
import type { RunLimits, RunModel, RunRepository, RunRequest, RunShell } from '../protocol/run.ts';
import { runtimeLimits } from '../runtime/runtime-limits.ts';
import type { ActionRunSpec, AgentRunSpec, RunSandbox, RunSpec } from '#api/types/sandboxes/sandbox';
import type { RunSkill } from '../protocol/skill.ts';
import { hexOf } from '../skills/skill-store.ts';

/** The values that a run needs beside the Sandbox's spec. Secret: handed to the runner, kept nowhere. The Model's key is not part of it. */
export interface RunCredentials {
  git?: GitCredential;
  /** The system prompt of the node, where the Sandbox only says which TaskRevision has it. */
  systemPrompt?: string;
  /** MCP servers of the Ghost, and those that it refers to, with the values that the Sandbox's copy of them lacks. */
  mcpServers?: ReferredServers;
  /** Of an action. */
  action?: ActionValues;
}

/** A clone that takes longer hangs. */
const CLONE_SECONDS = 300;

/**
 * Reads what may not stand in a Sandbox. @throws StatusError NotFound that names the object which is missing, or
 * the key it lacks; others as they come, a server that is away included.
 */
export async function readCredentials(client: Reader, sandbox: RunSandbox): Promise<RunCredentials> {
  const [git, mcpServers, systemPrompt, action] = await Promise.all([
    readGitCredential(client, sandbox),
    readMcpServers(client, sandbox),
    readSystemPrompt(client, sandbox),
    readActionValues(client, sandbox),
  ]);
  return {
    ...(git === undefined ? {} : { git }),
    ...(mcpServers === undefined ? {} : { mcpServers }),
    ...(systemPrompt === undefined ? {} : { systemPrompt }),
    ...(Object.keys(action).length === 0 ? {} : { action }),
  };
}

/**
 * The request for a run; pure. `notices` are sentences that its log begins with.
 * @throws StatusError BadRequest for a limit that is no quantity.
 */
export function runRequest(
  spec: RunSpec,
  credentials: RunCredentials,
  notices: readonly string[] = [],
): RunRequest {
  const repository = runRepository(spec, credentials);
  return {
    ...(spec.action === undefined ? agentPart(spec, credentials) : actionPart(spec, credentials)),
    ...(repository === undefined ? {} : { repository }),
    ...(spec.session === undefined ? {} : { session: spec.session }),
    ...(spec.outputSchema === undefined ? {} : { output: { schema: spec.outputSchema } }),
    ...(spec.permissions === undefined ? {} : { permissions: spec.permissions }),
    ...(spec.answers === undefined ? {} : { answers: spec.answers }),
    ...(notices.length === 0 ? {} : { notices: [...notices] }),
    timeoutSeconds: spec.timeoutSeconds,
    limits: { ...quietLimits(spec), ...spec.limits, diskBytes: runtimeLimits(spec).disk },
  };
}

type WorkPart = Pick<RunRequest, 'action' | 'agent' | 'history' | 'model' | 'prompt' | 'shell'>;

function agentPart(spec: AgentRunSpec, credentials: RunCredentials): WorkPart {
  const { agent } = spec;
  const systemPrompt = agent.systemPrompt ?? credentials.systemPrompt;
  const model = runModel(spec);
  return {
    shell: runShell(spec),
    agent: {
      name: agent.botName,
      ...(systemPrompt === undefined ? {} : { systemPrompt }),
      ...(agent.mcpServers === undefined
        ? {}
        : { mcpServers: runServers(agent.mcpServers, credentials.mcpServers) }),
      ...(agent.skills === undefined ? {} : { skills: agent.skills.map(runSkill) }),
    },
    ...(model === undefined ? {} : { model }),
    prompt: spec.prompt,
    ...(spec.history === undefined ? {} : { history: spec.history }),
  };
}

/** Commits that a script makes are its step's. */
function actionPart(spec: ActionRunSpec, credentials: RunCredentials): WorkPart {
  const { action, node = '', stepName = node } = spec;
  const servers = actionServers(action);
  return {
    shell: { type: 'Action' },
    action: actionRequest(spec, credentials.action),
    agent: {
      name: stepName === '' ? 'action' : stepName,
      ...(Object.keys(servers).length === 0
        ? {}
        : { mcpServers: runServers(servers, credentials.mcpServers) }),
    },
    prompt: actionLine(action),
  };
}

/** A program may be silent for as long as it has; silence says nothing about it, as it does about an agent. */
const quietLimits = ({ action, timeoutSeconds }: RunSpec): Pick<RunLimits, 'idleSeconds'> =>
  action === undefined ? {} : { idleSeconds: timeoutSeconds };

function runShell({ shell }: AgentRunSpec): RunShell {
  const { type, command, env, output, options } = shell;
  return {
    type,
    ...(command === undefined ? {} : { command }),
    ...(env === undefined ? {} : { env }),
    ...(output === undefined ? {} : { output }),
    ...(options === undefined ? {} : { options }),
  };
}

function runServers(
  servers: Servers,
  { values, scopes, unavailable }: ReferredServers = { values: {}, scopes: {}, unavailable: {} },
): Servers {
  const filled = Object.entries(withRealValues(servers, values));
  return Object.fromEntries(
    filled.map(([name, entry]) => {
      // Ours alone, whatever a Ghost says.
      const { [name]: cacheScope } = scopes;
      const { [name]: why } = unavailable;
      return [name, { ...entry, cacheScope, ...(why === undefined ? {} : { unavailable: why }) }];
    }),
  );
}

function runSkill(skill: SandboxAgentSkill): RunSkill {
  const { namespace: _, contentHash, description = '', ...rest } = skill;
  return { ...rest, description, hash: hexOf(contentHash) };
}

/** Neither its address nor its key: the runner gives the agent an address on loopback and a token of the run. */
function runModel({ model }: RunSpec): RunModel | undefined {
  if (model === undefined) return undefined;
  const { ref: _, protocol = 'anthropic', name = '', baseURL, ...rest } = model;
  return { ...rest, protocol, name, ...(baseURL === undefined ? { isMakersService: true } : {}) };
}

function runRepository(spec: RunSpec, credentials: RunCredentials): RunRepository | undefined {
  const { workspace } = spec;
  if (workspace === undefined) return undefined;
  const { gitUrl, branchName, startFrom, workBranch, ref: _, secretName: __, ...rest } = workspace;
  return {
    ...rest,
    gitUrl,
    branch: branchName,
    ...(startFrom === undefined ? {} : { ref: startFrom }),
    workBranch,
    timeoutSeconds: Math.min(CLONE_SECONDS, spec.timeoutSeconds),
    ...credentials.git,
  };
}

async function readGitCredential(client: Reader, sandbox: RunSandbox): Promise<RunCredentials['git']> {
  const { workspace } = sandbox.spec;
  if (workspace?.secretName === undefined) return undefined;
  const { namespace } = refFrom(sandbox, workspace.ref ?? { name: '' });
  return readGitSecret(client, { namespace, name: workspace.secretName }, workspace.gitUrl);
}

async function readMcpServers(client: Reader, sandbox: RunSandbox): Promise<RunCredentials['mcpServers']> {
  const { action, agent } = sandbox.spec;
  if (action !== undefined) return readReferredServers(client, actionServers(action));
  const { ghostRef, mcpServers = {} } = agent;
  if (ghostRef === undefined || Object.keys(mcpServers).length === 0) return undefined;
  const [ghost, referredTo] = await Promise.all([
    readObject(client, GHOSTS, refFrom(sandbox, ghostRef)),
    readReferredServers(client, mcpServers),
  ]);
  const own = ghost.spec.mcpServers ?? {};
  const { uid, generation } = ghost.metadata;
  const scopes = Object.keys(own).map((name) => [name, `${uid}/${generation}/${name}`]);
  return {
    ...referredTo,
    values: { ...own, ...referredTo.values },
    scopes: { ...Object.fromEntries(scopes), ...referredTo.scopes },
  };
}

function agentPrompt(part: Record<string, unknown>): { botName: unknown; text: string | undefined } {
  const { botName, systemPrompt } = (part['agent'] ?? {}) as Record<string, unknown>;
  return { botName, text: typeof systemPrompt === 'string' ? systemPrompt : undefined };
}

async function readSystemPrompt(client: Reader, { metadata, spec }: RunSandbox): Promise<string | undefined> {
  if (spec.revision === undefined) return undefined;
  const place = { namespace: metadata.namespace ?? 'default', name: spec.revision };
  const { nodes, members = {} } = (await readObject(client, TASK_REVISIONS, place)).spec;
  // Nodes that became known later have the agent of a member, or of an earlier node.
  const own = nodes.filter(({ id }) => id === spec.node);
  const agents = [...own, ...nodes, ...Object.values(members)].map(agentPrompt);
  const found = agents.find(({ botName, text }, index) => {
    return text !== undefined && (index < own.length || botName === spec.agent?.botName);
  });
  if (found?.text !== undefined) return found.text;
  const text = `TaskRevision "${place.namespace}/${place.name}" has no system prompt of node ${spec.node}`;
  throw new StatusError('NotFound', text);
}

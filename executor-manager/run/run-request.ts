import type { Client } from '#api/client/client';
import { StatusError } from '#api/machinery/status-error';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { Ghost } from '#api/types/generated/ghost';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { inlineModelCredential, secretModelVariables } from '#api/types/model-config';
import { GHOSTS, MODELS, SECRETS } from '#api/types/resources';
import { gitCredential } from './git-credential.ts';
import type { GitCredential } from './git-credential.ts';
import { withRealValues } from './mcp-values.ts';
import type { RunModel, RunRepository, RunRequest, RunShell } from '../protocol/run.ts';
import { runtimeLimits } from '../runtime/runtime-limits.ts';

/** What a run needs beside the Sandbox's spec. Secret: handed to the runner, kept nowhere. */
export interface RunCredentials {
  modelKey?: string;
  /** Variables of the Model with secrets, which the Sandbox lacks. */
  modelEnv?: Record<string, string>;
  git?: GitCredential;
  /** MCP servers of the Ghost with the values that the Sandbox's copy of them lacks. */
  mcpServers?: Ghost['spec']['mcpServers'];
}

/** A clone that takes longer hangs. */
const CLONE_SECONDS = 300;
const DEFAULT_KEY = 'api_key';

type Reader = Pick<Client, 'find'>;

/**
 * Reads what may not stand in a Sandbox. @throws StatusError NotFound that names the object which is missing, or
 * the key it lacks; others as they come, a server that is away included.
 */
export async function readCredentials(client: Reader, sandbox: Sandbox): Promise<RunCredentials> {
  const [model, git, mcpServers] = await Promise.all([
    readModelSecrets(client, sandbox),
    readGitCredential(client, sandbox),
    readMcpServers(client, sandbox),
  ]);
  return {
    ...model,
    ...(git === undefined ? {} : { git }),
    ...(mcpServers === undefined ? {} : { mcpServers }),
  };
}

/**
 * The request for a run; pure. `notices` are sentences that its log begins with.
 * @throws StatusError BadRequest for a limit that is no quantity.
 */
export function runRequest(
  spec: SandboxSpec,
  credentials: RunCredentials,
  notices: readonly string[] = [],
): RunRequest {
  const { agent } = spec;
  const model = runModel(spec, credentials);
  const repository = runRepository(spec, credentials);
  return {
    shell: runShell(spec),
    agent: {
      name: agent.botName,
      ...(agent.systemPrompt === undefined ? {} : { systemPrompt: agent.systemPrompt }),
      ...(agent.mcpServers === undefined
        ? {}
        : { mcpServers: withRealValues(agent.mcpServers, credentials.mcpServers ?? {}) }),
      ...(agent.skills === undefined ? {} : { skills: agent.skills }),
    },
    ...(model === undefined ? {} : { model }),
    ...(repository === undefined ? {} : { repository }),
    prompt: spec.prompt,
    ...(spec.session === undefined ? {} : { session: spec.session }),
    ...(spec.outputSchema === undefined ? {} : { output: { schema: spec.outputSchema } }),
    ...(spec.permissions === undefined ? {} : { permissions: spec.permissions }),
    ...(spec.answers === undefined ? {} : { answers: spec.answers }),
    ...(notices.length === 0 ? {} : { notices: [...notices] }),
    timeoutSeconds: spec.timeoutSeconds,
    limits: { ...spec.limits, diskBytes: runtimeLimits(spec).disk },
  };
}

function runShell({ shell }: SandboxSpec): RunShell {
  const { type, command, env, output, options } = shell;
  return {
    type,
    ...(command === undefined ? {} : { command }),
    ...(env === undefined ? {} : { env }),
    ...(output === undefined ? {} : { output }),
    ...(options === undefined ? {} : { options }),
  };
}

function runModel({ model }: SandboxSpec, credentials: RunCredentials): RunModel | undefined {
  if (model === undefined) return undefined;
  const { ref: _, protocol, name, ...rest } = model;
  const env = { ...rest.env, ...credentials.modelEnv };
  return {
    ...rest,
    ...(Object.keys(env).length === 0 ? {} : { env }),
    protocol: protocol ?? 'anthropic',
    name: name ?? '',
    ...(credentials.modelKey === undefined ? {} : { apiKey: credentials.modelKey }),
  };
}

function runRepository(spec: SandboxSpec, credentials: RunCredentials): RunRepository | undefined {
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

async function readModelSecrets(
  client: Reader,
  sandbox: Sandbox,
): Promise<Pick<RunCredentials, 'modelKey' | 'modelEnv'>> {
  const reference = sandbox.spec.model?.ref;
  if (reference === undefined) return {};
  const where = refFrom(sandbox, reference);
  const { spec } = await read(client, MODELS, where);
  const modelKey =
    spec.secretRef === undefined
      ? inlineModelCredential(spec)
      : (await readSecret(client, { namespace: where.namespace, name: spec.secretRef.name }))(
          spec.secretRef.key ?? DEFAULT_KEY,
        );
  const modelEnv = secretModelVariables(spec);
  return {
    ...(modelKey === undefined ? {} : { modelKey }),
    ...(Object.keys(modelEnv).length === 0 ? {} : { modelEnv }),
  };
}

async function readGitCredential(client: Reader, sandbox: Sandbox): Promise<RunCredentials['git']> {
  const { workspace } = sandbox.spec;
  if (workspace?.secretName === undefined) return undefined;
  const { namespace } = refFrom(sandbox, workspace.ref ?? { name: '' });
  const place = { namespace, name: workspace.secretName };
  const { data = {} } = await read(client, SECRETS, place);
  return gitCredential({
    gitUrl: workspace.gitUrl,
    shown: `Secret "${namespace}/${workspace.secretName}"`,
    value: (key) => (data[key] === undefined ? undefined : decoded(data[key])),
  });
}

async function readMcpServers(client: Reader, sandbox: Sandbox): Promise<RunCredentials['mcpServers']> {
  const { ghostRef, mcpServers } = sandbox.spec.agent;
  if (ghostRef === undefined || mcpServers === undefined || Object.keys(mcpServers).length === 0) {
    return undefined;
  }
  return (await read(client, GHOSTS, refFrom(sandbox, ghostRef))).spec.mcpServers;
}

interface Place {
  namespace: string;
  name: string;
}

function refFrom(sandbox: Sandbox, reference: { name: string; namespace?: string }): Place {
  return { name: reference.name, namespace: reference.namespace ?? sandbox.metadata.namespace ?? 'default' };
}

async function read<T extends KubeObject>(client: Reader, type: ResourceType<T>, place: Place): Promise<T> {
  const found = await client.find(type, place);
  if (found !== undefined) return found;
  throw new StatusError('NotFound', `${type.kind} "${place.namespace}/${place.name}" not found`);
}

/** The values of a Secret by key. */
async function readSecret(client: Reader, place: Place): Promise<(key: string) => string> {
  const secret = await read(client, SECRETS, place);
  return (key) => {
    const value = secret.data?.[key];
    if (value !== undefined) return decoded(value);
    throw new StatusError('NotFound', `Secret "${place.namespace}/${place.name}" has no key "${key}"`);
  };
}

const decoded = (value: string): string => Buffer.from(value, 'base64').toString('utf8').trim();

import { stringify } from 'yaml';

/** What a Team of one Claude Code Bot needs, each named after `name`. */
export interface TeamOptions {
  name: string;
  /** Base URL of the model service, without /v1. */
  modelURL: string;
  shellType?: 'ClaudeCode' | 'Chat';
  protocol?: 'anthropic' | 'openai';
  /** Git URL of the Workspace; none is made when absent. */
  gitUrl?: string;
  branchName?: string;
  collaborationModel?: string;
}

const API_VERSION = 'agent.wecode.io/v1';

/** Several manifests as one YAML stream. */
export function manifests(...objects: readonly object[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}

export function object(kind: string, name: string, spec: object): object {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec };
}

export function ghost(name: string): object {
  return object('Ghost', name, { systemPrompt: 'You are a careful programmer.' });
}

export function model(options: TeamOptions): object {
  const anthropic = (options.protocol ?? 'anthropic') === 'anthropic';
  return object('Model', options.name, {
    protocol: anthropic ? 'anthropic' : 'openai',
    modelConfig: {
      env: {
        model: anthropic ? 'claude' : 'openai',
        model_id: anthropic ? 'claude-sonnet-4-5' : 'gpt-4o',
        base_url: options.modelURL,
        api_key: SECRET_KEY,
      },
    },
  });
}

/** The credential of every Model made here: tests look for it where it must not be. */
export const SECRET_KEY = 'sk-test-4f9d0c7b2e';

export function shell(name: string, shellType = 'ClaudeCode'): object {
  return object('Shell', name, { shellType });
}

export function bot(name: string): object {
  const ref = { name, namespace: 'default' };
  return object('Bot', name, { ghostRef: ref, shellRef: ref, modelRef: ref });
}

export function team(name: string, collaborationModel = 'solo'): object {
  return object('Team', name, {
    collaborationModel,
    members: [{ name: 'worker', role: 'leader', botRef: { name, namespace: 'default' } }],
  });
}

export function workspace(name: string, repository: object): object {
  return object('Workspace', name, { repository });
}

/** Ghost, Model, Shell, Bot, Team and, with a gitUrl, Workspace. */
export function teamManifests(options: TeamOptions): string {
  const { name, gitUrl } = options;
  return manifests(
    ghost(name),
    model(options),
    shell(name, options.shellType),
    bot(name),
    team(name, options.collaborationModel),
    ...(gitUrl === undefined ? [] : [workspace(name, { gitUrl, branchName: options.branchName ?? 'main' })]),
  );
}

export interface TaskOptions {
  name: string;
  team: string;
  prompt: string;
  workspace?: string;
  spec?: object;
}

export function task(options: TaskOptions): object {
  return object('Task', options.name, {
    title: options.name,
    prompt: options.prompt,
    teamRef: { name: options.team, namespace: 'default' },
    ...(options.workspace === undefined
      ? {}
      : { workspaceRef: { name: options.workspace, namespace: 'default' } }),
    ...options.spec,
  });
}

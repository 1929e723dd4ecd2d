import path from 'node:path';
import { responsesEndpoint } from '#model-protocols/openai-responses/endpoint';
import { RunFailure } from '../../run-failure.ts';
import { programEnvironment } from '../program-environment.ts';
import type { AdapterContext, AgentModel, AgentRequest } from '../adapter.ts';
import { isTrusted } from '../repository-settings.ts';
import { requiredModel } from '../required-model.ts';

export const MODEL_PROTOCOLS = ['openai', 'openai-responses'] as const;

/** Names in Codex's configuration. */
const PROVIDER = 'troupe';
/** Further attempts of a call, and of an answer that broke off; waits of 0.2 s and more, doubled. */
const RETRIES = 4;
/** The gate of the runner, which has limits of its own, is there before the agent starts. */
const GATE_SECONDS = 30;

/** The request's Model, with a name. Throws RunFailure StartFailed. */
export function codexModel(request: AgentRequest): AgentModel {
  const model = requiredModel(request, MODEL_PROTOCOLS);
  if (model.name === '') throw new RunFailure('StartFailed', 'Codex needs a Model that names its model_id');
  return model;
}

/**
 * The settings of a thread: what `thread/start`, `thread/resume` and `thread/fork` take. They go over the program's
 * stdin, so that the key stands in no file, argument or variable.
 */
export function threadSettings(request: AgentRequest, context: AdapterContext): Record<string, unknown> {
  const { systemPrompt = '' } = request.agent;
  return {
    cwd: context.folder,
    model: codexModel(request).name,
    modelProvider: PROVIDER,
    // `untrusted`: asks before every command and patch. Its own sandbox is off inside ours.
    approvalPolicy: context.permissions.asks ? 'untrusted' : 'never',
    sandbox: 'danger-full-access',
    ...(systemPrompt.trim() === '' ? {} : { developerInstructions: systemPrompt }),
    config: configuration(request, context),
  };
}

/** As in config.toml: https://developers.openai.com/codex/config-reference. */
function configuration(request: AgentRequest, context: AdapterContext): Record<string, unknown> {
  const model = codexModel(request);
  return {
    model_providers: { [PROVIDER]: provider(model, request) },
    ...(model.contextWindow === undefined ? {} : { model_context_window: model.contextWindow }),
    projects: projects(context.folder, isTrusted(request)),
    features: features(isTrusted(request)),
    mcp_servers: toolServers(request, context),
    skills: { bundled: { enabled: false } },
    // A login shell has another PATH.
    allow_login_shell: false,
    // The service would search, past whatever the sandbox may reach.
    web_search: 'disabled',
    analytics: { enabled: false },
    feedback: { enabled: false },
    check_for_update_on_startup: false,
  };
}

function provider(model: AgentModel, { timeoutSeconds }: AgentRequest): Record<string, unknown> {
  const { url } = responsesEndpoint(model);
  return {
    name: PROVIDER,
    base_url: url.replace(/\/responses$/, ''),
    wire_api: 'responses',
    experimental_bearer_token: model.apiKey,
    request_max_retries: RETRIES,
    stream_max_retries: RETRIES,
    // How long a model may be silent is the run's own limit.
    stream_idle_timeout_ms: timeoutSeconds * 1000,
  };
}

/**
 * Codex trusts whatever repository it may write to, unless it is told: then neither settings, hooks, servers nor rules
 * of the repository count. It takes the nearest folder that is named here.
 */
function projects(folder: string, trusted: boolean): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    named[at] = { trust_level: 'untrusted' };
    if (at === path.dirname(at)) break;
  }
  return { ...named, [path.resolve(folder)]: { trust_level: trusted ? 'trusted' : 'untrusted' } };
}

function features(trusted: boolean): Record<string, boolean> {
  return {
    hooks: trusted,
    // Parts that speak to the maker's services, or that need a person at a desktop.
    apps: false,
    plugins: false,
    remote_plugin: false,
    image_generation: false,
    tool_suggest: false,
    skill_mcp_dependency_install: false,
    // Work that would go on behind the turn, uncounted.
    goals: false,
    multi_agent: false,
    // It would ask for ever where a model cannot be reached.
    unbounded_connection_retries: false,
  };
}

function toolServers(
  { timeoutSeconds }: AgentRequest,
  { toolServers }: AdapterContext,
): Record<string, unknown> {
  const entries = toolServers.map(({ name, url, token }) => [
    name,
    {
      url,
      http_headers: { Authorization: `Bearer ${token}` },
      startup_timeout_sec: GATE_SECONDS,
      // A call may wait for a person.
      tool_timeout_sec: timeoutSeconds,
    },
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

export function codexEnvironment(
  request: AgentRequest,
  context: Pick<AdapterContext, 'environment' | 'home' | 'folder'>,
): Record<string, string> {
  return {
    ...programEnvironment(request, context),
    CODEX_HOME: codexHome(context.home),
    RUST_LOG: 'error',
  };
}

export function codexHome(home: string): string {
  return path.join(home, '.codex');
}

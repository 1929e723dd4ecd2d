import path from 'node:path';
import type { RunModel, RunRequest } from '#executor-manager/protocol/run';
import type { AdapterContext } from '../adapter.ts';

/**
 * The program tries 10 times by default, with waits up to half a minute: a Task would look alive for
 * minutes when its model is not there. Four more tries take about eight seconds.
 */
const MAX_RETRIES = 4;
const SHORTEST_TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 300_000;

/** The environment of Claude Code: what it needs, the Model's own variables, nothing of the runner's. */
export function claudeEnvironment(
  request: RunRequest,
  { environment, home, folder }: Pick<AdapterContext, 'environment' | 'home' | 'folder'>,
): Record<string, string> {
  const { model } = request;
  // A model that never answers must show as such before the whole run's time is over.
  const timeoutMs = Math.min(
    LONGEST_TIMEOUT_MS,
    Math.max(SHORTEST_TIMEOUT_MS, (request.timeoutSeconds * 1000) / 4),
  );
  return {
    ...environment,
    // Read by the program itself; found by trying, see also https://docs.anthropic.com/en/docs/claude-code/settings.
    CLAUDE_CODE_MAX_RETRIES: String(MAX_RETRIES),
    API_TIMEOUT_MS: String(timeoutMs),
    CLAUDE_ENABLE_STREAM_WATCHDOG: '1',
    CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: String(timeoutMs),
    // The gate has limits of its own, and a person who is asked takes as long as it takes.
    MCP_TOOL_TIMEOUT: String(request.timeoutSeconds * 1000),
    // The gate has cut results already, with a way to read on.
    MAX_MCP_OUTPUT_TOKENS: '100000',
    ...modelEnvironment(model),
    ...model?.env,
    HOME: home,
    PWD: folder,
    TMPDIR: path.join(home, 'tmp'),
    CLAUDE_CODE_TMPDIR: path.join(home, 'tmp'),
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // As root the program refuses to skip its permission prompts unless told that it is in a sandbox.
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
  };
}

function modelEnvironment(model: RunModel | undefined): Record<string, string> {
  if (model === undefined) return {};
  const gateway = model.baseURL?.replace(/\/+$/, '').replace(/\/v1$/, '');
  const token = model.env?.['ANTHROPIC_AUTH_TOKEN'] !== undefined;
  return {
    ...(model.name === '' ? {} : { ANTHROPIC_MODEL: model.name }),
    ...(gateway === undefined ? {} : { ANTHROPIC_BASE_URL: gateway }),
    ...(gateway === undefined || model.name === '' ? {} : everyTier(model.name)),
    // With both, the program warns and a gateway may refuse; the variable somebody chose by hand wins.
    ...(model.apiKey === undefined || token ? {} : { ANTHROPIC_API_KEY: model.apiKey }),
    ...(model.maxOutputTokens === undefined
      ? {}
      : { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(model.maxOutputTokens) }),
  };
}

/** Somebody else's service knows the one model that was named, not those the program asks for by itself. */
function everyTier(name: string): Record<string, string> {
  return {
    ANTHROPIC_DEFAULT_HAIKU_MODEL: name,
    ANTHROPIC_DEFAULT_SONNET_MODEL: name,
    ANTHROPIC_DEFAULT_OPUS_MODEL: name,
    ANTHROPIC_SMALL_FAST_MODEL: name,
  };
}

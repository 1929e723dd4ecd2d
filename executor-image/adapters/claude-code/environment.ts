import path from 'node:path';
import type { AdapterContext, AgentModel, AgentRequest } from '../adapter.ts';

/**
 * The program tries 10 times by default, with waits up to half a minute: a Task would look alive for
 * minutes when its model is not there. Four more tries take about eight seconds.
 */
const MAX_RETRIES = 4;
/** Beyond it a timer of Node's fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The environment of Claude Code: what it needs, the Model's own variables, nothing of the runner's. Its own limits of
 * time are the run's: a model may think for an hour, and a call that was given up is paid for twice.
 */
export function claudeEnvironment(
  request: AgentRequest,
  { environment, home, folder }: Pick<AdapterContext, 'environment' | 'home' | 'folder'>,
): Record<string, string> {
  const { model } = request;
  const timeoutMs = Math.min(LONGEST_TIMEOUT_MS, Math.ceil(request.timeoutSeconds * 1000));
  return {
    ...environment,
    // Read by the program itself; found by trying, see also https://docs.anthropic.com/en/docs/claude-code/settings.
    CLAUDE_CODE_MAX_RETRIES: String(MAX_RETRIES),
    API_TIMEOUT_MS: String(timeoutMs),
    // These give up on a silent stream after five to thirty minutes, whatever API_TIMEOUT_MS says.
    API_FORCE_IDLE_TIMEOUT: '0',
    CLAUDE_ENABLE_STREAM_WATCHDOG: '0',
    CLAUDE_ENABLE_BYTE_WATCHDOG: '0',
    // The gate has limits of its own, and a person who is asked takes as long as it takes.
    MCP_TOOL_TIMEOUT: String(request.timeoutSeconds * 1000),
    // The gate has cut results already, with a way to read on.
    MAX_MCP_OUTPUT_TOKENS: '100000',
    ...modelEnvironment(model),
    ...model?.env,
    ...(model && { ANTHROPIC_BASE_URL: model.baseURL, ANTHROPIC_API_KEY: model.apiKey }),
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

function modelEnvironment(model: AgentModel | undefined): Record<string, string> {
  if (model === undefined) return {};
  return {
    ...(model.name === '' ? {} : { ANTHROPIC_MODEL: model.name }),
    ...(model.isMakersService === true || model.name === '' ? {} : everyTier(model.name)),
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

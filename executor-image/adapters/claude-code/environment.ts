import path from 'node:path';
import type { AdapterContext, AgentModel, AgentRequest } from '../adapter.ts';
import { CONFIG_FOLDER, PROJECT_NAME } from './program-home.ts';

/**
 * The program tries 10 times by default, with waits up to half a minute: a Task would look alive for
 * minutes when its model is not there. Four more tries take about eight seconds.
 */
const MAX_RETRIES = 4;
/** Beyond it a timer of Node's fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The program's environment and descriptors. */
export interface ProgramEnvironment {
  env: Record<string, string>;
  /** Texts for the descriptors 3, 4, ...: what the agent starts does not see them. */
  descriptors: string[];
}

/** The environment of Claude Code: what it needs, the Model's own variables, nothing of the runner's. */
export function claudeEnvironment(
  request: AgentRequest,
  { environment, home, folder }: Pick<AdapterContext, 'environment' | 'home' | 'folder'>,
): ProgramEnvironment {
  const { model, shell } = request;
  const fallback = typeof shell.options?.['fallbackModel'] === 'string';
  const env = {
    ...environment,
    CLAUDE_CODE_MAX_RETRIES: String(MAX_RETRIES),
    ...patience(request.timeoutSeconds),
    // The gate has cut results already, with a way to read on.
    MAX_MCP_OUTPUT_TOKENS: '100000',
    ...modelEnvironment(model),
    ...shell.env,
    ...model?.env,
    ...(model && { ANTHROPIC_BASE_URL: model.baseURL, CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR: '3' }),
    HOME: home,
    PWD: folder,
    TMPDIR: path.join(home, 'tmp'),
    CLAUDE_CODE_TMPDIR: path.join(home, 'tmp'),
    CLAUDE_CONFIG_DIR: path.join(home, CONFIG_FOLDER),
    CLAUDE_CODE_PROJECT_DIR_NAME: PROJECT_NAME,
    ...BEHAVIOUR,
    ...(fallback ? {} : NO_OTHER_MODEL),
    // As root the program refuses to skip its permission prompts unless told that it is in a sandbox.
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: '1' } : {}),
  };
  return { env, descriptors: model === undefined ? [] : [model.apiKey] };
}

/**
 * The program's own limits of time are the run's: a model may think for an hour, and a call that was given up is paid for
 * twice. Found in the program by trying, see also https://code.claude.com/docs/en/env-vars.
 */
function patience(timeoutSeconds: number): Record<string, string> {
  const ms = String(Math.min(LONGEST_TIMEOUT_MS, Math.ceil(timeoutSeconds * 1000)));
  return {
    API_TIMEOUT_MS: ms,
    CLAUDE_STREAM_FIRST_BYTE_TIMEOUT_MS: ms,
    // These give up on a silent stream after five to thirty minutes, whatever API_TIMEOUT_MS says.
    API_FORCE_IDLE_TIMEOUT: '0',
    CLAUDE_ENABLE_STREAM_WATCHDOG: '0',
    CLAUDE_ENABLE_BYTE_WATCHDOG: '0',
    // The gate has limits of its own, and a person who is asked takes as long as it takes.
    MCP_TOOL_TIMEOUT: ms,
  };
}

const BEHAVIOUR = {
  // Says when it is done, with all that runs in the background; and tells a failed start as a result.
  CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
  CLAUDE_CODE_STARTUP_FAILURE_RESULTS: '1',
  // Notes of an agent for itself would change the instructions of a later one.
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
};

/** After a refusal the program asks a model of its own choice, which nobody has agreed to pay for. */
const NO_OTHER_MODEL = { CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK: '1', CLAUDE_CODE_NO_MODEL_FALLBACK: '1' };

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

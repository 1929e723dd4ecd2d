/**
 * The protocol between the executor manager and the runner inside a runtime: HTTP on the runtime's one
 * published port, JSON bodies, the header `Authorization: Bearer TOKEN` on every call, readiness included.
 * A runner waits without a run; the files to go on with and the run come when the runtime is assigned to one.
 *
 *   GET  /v1/ready                     204 when runs can be started
 *   PUT  /v1/workspace?limit=BYTES     a tar archive that takes the place of the workspace; 409 once a run was started
 *   GET  /v1/workspace                 the workspace as a tar archive; 204 when it is empty; 409 while a run goes on
 *   PUT  /v1/runs/ID                   start a run; the same ID again returns the run as it is (idempotent)
 *   GET  /v1/runs/ID                   RunState
 *   GET  /v1/runs/ID/events?after=SEQ  NDJSON of RunEvent, kept open until the run's last event was sent
 *   POST /v1/runs/ID/cancel            asks the agent to end; 202; idempotent
 *
 * Errors are `{"error": {"reason": "...", "message": "..."}}` with 400, 401, 404, 409 or 413.
 * The runner keeps a run's events on disk until the runtime goes, so a manager that lost its
 * connection, or was started again, reads on from the last number it knows to be durable.
 */

/** Environment of the runner process; nothing secret in it. */
export const RUNNER_ENV = {
  /** Port to listen on inside the runtime. */
  port: 'TROUPE_RUNNER_PORT',
  /** Address to listen on. */
  host: 'TROUPE_RUNNER_HOST',
  /** SHA-256 (hex) of the token: reading the environment does not give the token away. */
  tokenHash: 'TROUPE_RUNNER_TOKEN_SHA256',
  /** Folder of the runtime's workspace: the repository is cloned to WORKSPACE/repo. */
  workspace: 'TROUPE_RUNNER_WORKSPACE',
  /** Folder for the runner's own files (events, home of the agent); goes with the runtime. */
  state: 'TROUPE_RUNNER_STATE',
} as const;

/** Port the runner listens on inside a container. */
export const RUNNER_CONTAINER_PORT = 8080;

/** The shell types of the control plane, of which an image may have some; test/shell-types.test.ts compares them. */
export const SHELL_TYPES = ['ClaudeCode', 'Agno', 'Dify', 'Chat', 'Codex'] as const;

export type ShellType = (typeof SHELL_TYPES)[number];

export const MODEL_PROTOCOLS = ['anthropic', 'openai'] as const;

export type ModelProtocol = (typeof MODEL_PROTOCOLS)[number];

export interface RunRequest {
  shell: { type: ShellType };
  agent: {
    name: string;
    systemPrompt?: string;
    /** As in Ghost.spec.mcpServers, with the real environment and header values. */
    mcpServers?: Record<string, unknown>;
    skills?: string[];
  };
  model?: RunModel;
  repository?: RunRepository;
  prompt: string;
  /** Sentences for people about how the run begins: its first events, of type status. */
  notices?: string[];
  /** Wall time for clone and agent together, in seconds. */
  timeoutSeconds: number;
  limits?: {
    /** Bytes that the files of the workspace may take, the clone included; the run ends with AgentKilled beyond. */
    diskBytes?: number;
  };
}

export interface RunModel {
  protocol: ModelProtocol;
  /** The model's id at its service. */
  name: string;
  baseURL?: string;
  apiKey?: string;
  maxOutputTokens?: number;
  contextWindow?: number;
  /** Further variables for the agent's environment. */
  env?: Record<string, string>;
}

export interface RunRepository {
  gitUrl: string;
  branch: string;
  /** The branch the agent's work is committed on; made where the clone, or the work that is gone on with, stands. */
  workBranch: string;
  /** Used for git only, never put into the agent's environment, the URL or the repository's config. */
  credential?: { username: string; password: string };
  /** Limit of the clone in seconds. */
  timeoutSeconds: number;
}

export type RunPhase = 'Running' | 'Succeeded' | 'Failed' | 'Cancelled';

/** Why a run failed; the reason of the Sandbox's Finished condition. */
export type RunFailureReason =
  'AgentFailed' | 'AgentKilled' | 'TimedOut' | 'CloneFailed' | 'ModelError' | 'StartFailed';

export interface RunState {
  id: string;
  phase: RunPhase;
  lastSeq: number;
  reason?: RunFailureReason;
  message?: string;
  result?: RunResult;
}

/** Tokens, counted the same way whatever service counted them. */
export interface RunUsage {
  /** Input that was neither read from a cache nor written to one. */
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

export interface RunResult {
  /** The agent's last words. */
  value: string;
  usage?: RunUsage;
  costUSD?: number;
  sessionId?: string;
  turns?: number;
  workspace?: {
    branch: string;
    baseCommit: string;
    headCommit: string;
    filesChanged: number;
    commits: number;
  };
}

/** Numbered from 1 without gaps within a run; the types and their data are those of a Task's event log. */
export interface RunEvent {
  seq: number;
  /** RFC 3339 with microseconds. */
  time: string;
  type:
    | 'status'
    | 'text'
    | 'thinking'
    | 'tool_call'
    | 'tool_result'
    | 'usage'
    | 'log'
    | 'diff'
    | 'error'
    /** Always the last event: data is {phase, reason?, message?, result?}. */
    | 'result';
  data: Record<string, unknown>;
}

/** Limits both sides hold to, in bytes. */
export const RUN_LIMITS = {
  requestBytes: 4 * 1024 * 1024,
  /** A longer text, tool output or diff is cut, with `truncated: true` beside it. */
  textBytes: 64 * 1024,
  toolOutputBytes: 16 * 1024,
  diffBytes: 256 * 1024,
} as const;

import type { CommandOutput } from './command-output.ts';

/**
 * The protocol between the executor manager and the runner inside a runtime: HTTP on the runtime's one
 * published port, JSON bodies, the header `Authorization: Bearer TOKEN` on every call, readiness included.
 * A runner waits without a run; the files to go on with and the run come when the runtime is assigned to one.
 *
 *   GET  /v1/ready                     204 when runs can be started
 *   PUT  /v1/workspace?limit=BYTES     a tar archive that takes the place of the workspace; 409 once a run was started
 *   GET  /v1/workspace                 the workspace as a tar archive; 204 when it is empty; 409 while a run goes on
 *   PUT  /v1/skills/HASH?name=NAME     the package of a skill, a zip with this SHA-256 (hex); 204; idempotent
 *   PUT  /v1/runs/ID                   start a run; the same ID again returns the run as it is (idempotent)
 *   GET  /v1/runs/ID                   RunState
 *   GET  /v1/runs/ID/events?after=SEQ  NDJSON of RunEvent, kept open until the run's last event was sent
 *   POST /v1/runs/ID/inputs            a RunInput for the agent; 202; idempotent by its id; 409 where it cannot be taken
 *   GET  /v1/ports/PORT                a connection to a port of the runtime, see port.ts
 *   POST /v1/probe                     checks something in place of a run: ProbeRequest in, ProbeResult out
 *   POST /v1/runs/ID/cancel            asks the agent to end; 202; idempotent
 *   GET  /v1/runs                      {"runs": [ID, ...]}: those that the runner holds
 *   DELETE /v1/runs/ID                 ends the run and forgets it and its events; 204; idempotent; 409 with a workspace
 *   GET  /v1/tunnel                    becomes the way to the runs' Models: see tunnel.ts
 *
 * A shared runner (RUNNER_ENV.conversations) has any number of runs at once and no workspace. Its runs only talk: those
 * of agents that work in files fail. A run is held until it is deleted; one more than the limit is refused with 429.
 *
 * Errors are `{"error": {"reason": "...", "message": "..."}}` with 400, 401, 404, 409, 413 or 429.
 * The runner keeps a run's events on disk until the runtime goes, so a manager that lost its
 * connection, or was started again, reads on from the last number it knows to be durable.
 */

import type { RunAction } from './action.ts';
import type { RunSkill } from './skill.ts';

/** The shell types of the control plane, of which an image may have some; test/shell-types.test.ts compares them. */
export const SHELL_TYPES = ['ClaudeCode', 'Agno', 'Dify', 'Chat', 'Codex', 'ACP', 'Command'] as const;

export type ShellType = (typeof SHELL_TYPES)[number];

/** `openai` is the Chat Completions API, `openai-responses` the Responses API, `dify` the API of Dify's applications. */
export const MODEL_PROTOCOLS = ['anthropic', 'openai', 'openai-responses', 'dify'] as const;

export type ModelProtocol = (typeof MODEL_PROTOCOLS)[number];

export interface RunRequest {
  shell: RunShell;
  /** Of a Shell of type Action, and of no other. */
  action?: RunAction;
  agent: {
    name: string;
    systemPrompt?: string;
    /** As in Ghost.spec.mcpServers, with the real environment and header values. */
    mcpServers?: Record<string, unknown>;
    skills?: RunSkill[];
  };
  model?: RunModel;
  repository?: RunRepository;
  prompt: string;
  /** Goes with the prompt, to models that see images. */
  images?: RunImage[];
  /** The words said before, the oldest first; for agents that keep no session. */
  history?: RunMessage[];
  /** The session of the agent's program to go on with; its files are in the workspace. */
  session?: RunSession;
  /** The answer is to be one JSON value that fits. */
  output?: RunOutput;
  permissions?: RunPermissions;
  /** Answers of people to what earlier runs of this node asked. */
  answers?: RunAnswer[];
  /** Sentences for people about how the run begins: its first events, of type status. */
  notices?: string[];
  /** Wall time for clone and agent together, in seconds. */
  timeoutSeconds: number;
  limits?: RunLimits;
}

export interface RunShell {
  /** `Action`: no agent works; the run does what `action` says. */
  type: ShellType | 'Action';
  /** The program and its arguments, for ACP and Command. */
  command?: string[];
  /** Further variables of the program; no credentials. */
  env?: Record<string, string>;
  /** Of a Command. */
  output?: CommandOutput;
  /** Options of the type, as in Shell.spec. */
  options?: Record<string, unknown>;
}

export interface RunImage {
  mediaType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  /** Base64. */
  data: string;
}

export interface RunMessage {
  role: 'user' | 'assistant';
  text: string;
}

export interface RunSession {
  id: string;
  /** Goes on in a new session that begins with all of this one. */
  fork?: boolean;
}

export interface RunOutput {
  /** A JSON Schema (2020-12) of an object. */
  schema: Record<string, unknown>;
}

/** The limits of the run. Absent: the runner's own limits (see the meter). */
export interface RunLimits {
  /** Bytes that the files of the workspace may take, the clone included; the run ends with AgentKilled beyond. */
  diskBytes?: number;
  /** Calls of the model by the agent itself; the run ends with TurnLimit beyond. */
  turns?: number;
  /** Seconds without any sign of life of the agent; the run ends with IdleLimit beyond. */
  idleSeconds?: number;
  /** US dollars; a run that would go on beyond ends with CostLimit, and one that is done has a warning. Counted by what the agent's program reports. */
  costUSD?: number;
  /** Tokens of all kinds together; beyond, as with costUSD, but TokenLimit. Counted as `usage` of the result is. */
  tokens?: number;
  /** Equal calls of one tool in a row; the run ends with Repetition beyond. */
  repeatedCalls?: number;
  /** Bytes of the events, their diffs and those about the end aside; the run ends with OutputLimit beyond. */
  logBytes?: number;
}

export type PermissionDecision = 'allow' | 'ask' | 'deny';

/** How far a tool can reach: it only reads; it changes what belongs to the run; anything else. */
export type ToolLevel = 'readOnly' | 'safe' | 'privileged';

/**
 * Which tools the agent may use. The first rule that names the tool decides, then its level, then `default`. A tool is
 * `Bash`, or `mcp__SERVER__TOOL` for one of an MCP server; `*` stands for any text.
 */
export interface RunPermissions {
  rules?: { tool: string; decision: PermissionDecision }[];
  levels?: Partial<Record<ToolLevel, PermissionDecision>>;
  /** `allow` when absent: the sandbox is the barrier. */
  default?: PermissionDecision;
  /**
   * Seconds that a run waits for a person in its sandbox. Then, where the adapter can resume its session, the run ends
   * as Suspended and goes on in another sandbox when there is an answer. 300 when absent.
   */
  waitSeconds?: number;
}

/** Something that a person is asked, in the data of the event `request`. */
export interface RunQuestion {
  /** Unique among the runs of a Task. */
  id: string;
  kind: 'Permission' | 'Question';
  /** A sentence for people. */
  message: string;
  /** Of a Permission. */
  tool?: string;
  level?: ToolLevel;
  input?: Record<string, unknown>;
  /** Of a Question: what can be answered; any text where there are none. */
  options?: string[];
}

/** The answer of a person. */
export interface RunAnswer {
  /** Of the question. */
  id: string;
  /** Of a Permission. */
  decision?: 'allow' | 'deny';
  /** The answer to a Question, or why a Permission is denied. */
  message?: string;
  /** The question, so that a run that goes on knows what the answer means. */
  question?: RunQuestion;
}

/** For an agent that works. */
export type RunInput =
  /**
   * Words for the agent while it works; they are held until it can take them. With `interrupt` they break off its present
   * turn, where the agent can be interrupted.
   */
  | { id: string; type: 'message'; text: string; interrupt?: boolean }
  /** Ends what the agent does at this moment; the run goes on with the words that follow, or ends. */
  | { id: string; type: 'interrupt' }
  | { id: string; type: 'answer'; answer: RunAnswer };

/** The Model, without its address and its key: both stay with the manager, see tunnel.ts. */
export interface RunModel {
  protocol: ModelProtocol;
  /** The model's id at its service. */
  name: string;
  /** The service is that of the protocol's maker, which has all the models that the maker's programs ask for. */
  isMakersService?: boolean;
  maxOutputTokens?: number;
  contextWindow?: number;
  /** Further variables for the agent's environment; no credentials. */
  env?: Record<string, string>;
}

/** A repository, and what git shows to get at it. */
export interface RepositoryAccess {
  gitUrl: string;
  /**
   * For addresses of http and https. Used for git only, never put into the agent's environment, the URL or the
   * repository's config.
   */
  credential?: { username: string; password: string };
  /** For addresses of ssh. In a file while git works with it; no program of the agent is told of it. */
  sshKey?: { privateKey: string; knownHosts?: string };
  /** The credential for people, such as `Secret "ns/name" (key password)`. */
  credentialName?: string;
}

export interface RunRepository extends RepositoryAccess {
  /** The branch to start from, or else the tag of this name. */
  branch: string;
  /**
   * Whether settings, hooks, MCP servers and permissions that the repository brings take effect (`spec.trusted` of the
   * Workspace). Otherwise they are input like all other files; CLAUDE.md and AGENTS.md are read in any case.
   */
  trusted?: boolean;
  /** To start from in its place: a branch, a tag, a full name below refs/ or a whole commit id. */
  ref?: string;
  /** Folder of the repository that the agent works in, as a relative path; absent: the repository itself. */
  subPath?: string;
  /** How many commits of history are fetched, 0 for all of it; 1 when absent. */
  depth?: number;
  /** Whether all tags are fetched, with as much history. */
  tags?: boolean;
  /** Whether submodules are fetched, and theirs. */
  submodules?: boolean;
  /** Whether the files of Git LFS are fetched; the image needs git-lfs for that. */
  lfs?: boolean;
  /**
   * The branch the agent's work is committed on; made where the clone, or the work that is gone on with, stands. It gets
   * another name where the repository has a branch that this name collides with; the result has the name that it got.
   */
  workBranch: string;
  /** Limit of the clone in seconds. */
  timeoutSeconds: number;
}

/** Suspended: a person is asked; a run of the same session goes on when there is an answer. */
export type RunPhase = 'Running' | 'Succeeded' | 'Failed' | 'Cancelled' | 'Suspended';

/** Why a run failed; the reason of the Sandbox's Finished condition. */
export const RUN_FAILURE_REASONS = [
  /** The action did not do what it was to do: an exit code, a status, an error of a tool. */
  'ActionFailed',
  'AgentFailed',
  'AgentKilled',
  'TimedOut',
  'CloneFailed',
  'ModelError',
  'StartFailed',
  /** The model, or its service, refused to answer. */
  'ModelRefused',
  /** The answer is not complete: it reached a limit of tokens. */
  'AnswerCut',
  'TurnLimit',
  'IdleLimit',
  'CostLimit',
  'TokenLimit',
  /** The agent did the same thing again and again. */
  'Repetition',
  /** The agent wrote more into its log than it may. */
  'OutputLimit',
  /** The answer does not fit the schema that was asked for. */
  'OutputInvalid',
  /** An MCP server that the agent cannot do without does not work. */
  'ToolServerFailed',
  /** A check that a skill asks for after the agent's work fails. */
  'AssertionFailed',
] as const;

export type RunFailureReason = (typeof RUN_FAILURE_REASONS)[number];

export interface RunState {
  id: string;
  phase: RunPhase;
  lastSeq: number;
  reason?: RunFailureReason;
  message?: string;
  /** Of a run that has ended, however it ended; a failed one has the usage so far. */
  result?: RunResult;
  /** The questions that are open. */
  questions?: RunQuestion[];
  /** The ids of the inputs of type message that the agent has got, in order. */
  messages?: string[];
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
  /** The answer as an object, where `output` asked for one; RUN_LIMITS.outputBytes at most. */
  output?: unknown;
  usage?: RunUsage;
  costUSD?: number;
  /** By the id of the model; the parts of `usage` and `costUSD`. */
  models?: Record<string, RunUsage & { costUSD?: number }>;
  sessionId?: string;
  turns?: number;
  /** Sentences for people: what was cut off or left out, though the run has come to its end. */
  warnings?: string[];
  workspace?: RunWorkspace;
}

/** The changes to the repository. */
export interface RunWorkspace {
  /** Where HEAD stands; `HEAD` when it is detached. */
  branch: string;
  /** HEAD before the run; absent where there was no commit. */
  baseCommit?: string;
  headCommit?: string;
  filesChanged: number;
  commits: number;
  /** The same since the Task began, where runs before have worked on the clone. */
  total?: { baseCommit: string; filesChanged: number; commits: number };
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
    /** A person is asked: data is a RunQuestion. */
    | 'request'
    /** The answer to it: data {id, decision?, message?}. */
    | 'answer'
    /** The agent has got the words of an input of type message: data {id}. */
    | 'message_applied'
    /** Always the last event: data is {phase, reason?, message?, result?, messages?}. */
    | 'result';
  data: Record<string, unknown>;
}

/** Limits both sides hold to, in bytes. */
export const RUN_LIMITS = {
  requestBytes: 8 * 1024 * 1024,
  /** A longer line, tool output or diff is cut, with `truncated: true` beside it; words become several events. */
  textBytes: 64 * 1024,
  toolOutputBytes: 16 * 1024,
  /** Of the answer in a result; where it is longer, it ends with words that say so, and the events have all of it. */
  answerBytes: 512 * 1024,
  /** Of the output, as JSON: later steps decide by it, so a longer one is not cut but fails the run. */
  outputBytes: 64 * 1024,
  /** How many warnings a result has, the words about further ones aside, and the bytes of one and of all of them. */
  warnings: 20,
  oneWarningBytes: 4096,
  warningBytes: 16 * 1024,
  /** Of one diff event. */
  diffBytes: 256 * 1024,
  /** Of all diff events of a run; files beyond are left out and named. */
  patchBytes: 8 * 1024 * 1024,
} as const;

import type { StopReason } from '#model-protocols/answer';
import type { FailureKind } from '#model-protocols/failure';

/** A script of model answers, as docs/model-server.md describes it. Rules are tried in order; the first that matches answers. */
export interface Script {
  rules: Rule[];
  /** Ids that `GET /v1/models` lists. */
  models: string[];
}

export interface Rule {
  /** For the log; `rule 3` when the script gives none. */
  name: string;
  when: Condition;
  /** How many requests this rule answers before it is passed over; unlimited when absent. */
  times?: number;
  /** One answer per turn since the last user text; the last one answers all further turns. */
  steps: Step[];
}

/** Every part that is given must hold. Texts are compared case-sensitively. */
export interface Condition {
  /** All of these occur in the last user text. */
  contains?: string[];
  /** An RE2 pattern found in the last user text; its groups can be used in the answer. */
  matches?: string;
  /** Who spoke last; `tool` for the results of tool calls. */
  lastRole?: 'user' | 'assistant' | 'tool';
  /** 1 for the first answer to the last user text, 2 for the one after its first tool results, and so on. */
  turn?: number;
  /** The last tool result is that of a tool with this name. */
  tool?: string;
  /** Whether there are tool results since the last user text. */
  hasToolResult?: boolean;
  /** All of these occur in the last tool result. */
  toolResult?: string[];
  /** Whether the last tool result is an error. */
  toolFailed?: boolean;
  /** All of these occur in the system prompt. */
  system?: string[];
  /** Occurs in the name of the model asked for. */
  model?: string;
  /** Whether a picture came with the last user text or after it. */
  hasImage?: boolean;
  /** Each of these occurs in the description of one such picture. */
  image?: string[];
  /** The request offers a tool with this name; Claude Code's helper requests offer none. */
  offersTool?: string;
}

export interface Step {
  thinking?: string;
  reply?: string;
  toolCalls: ToolCall[];
  /** Milliseconds before the answer begins. */
  delayMs: number;
  /** Milliseconds between two pieces of a streamed answer. */
  chunkDelayMs: number;
  /** Milliseconds of silence in the middle of a streamed answer. */
  pauseMs: number;
  error?: ScriptedError;
  usage?: ScriptedUsage;
  /** Why the model ended; as if it had said all by default. */
  stop?: StopReason;
  /** The service says within its answer that it failed; nothing follows. */
  failure?: ScriptedFailure;
  /** Written into the stream as it is, after what the step says. */
  raw?: string;
  /** Bytes of one event of a streamed answer, which says nothing. */
  eventBytes?: number;
  /**
   * `hang` never ends the answer, `close` cuts the connection, both after whatever else the step says; `endless`
   * repeats what it says until the client leaves.
   */
  ending: 'complete' | 'hang' | 'close' | 'endless';
}

export interface ScriptedFailure {
  kind: FailureKind;
  message: string;
}

export interface ToolCall {
  name: string;
  /** A text for a tool that takes free text, which only the Responses API has. */
  input: Record<string, unknown> | string;
}

export interface ScriptedError {
  /** HTTP status, 400 to 599. */
  status: number;
  message: string;
  /** The service's error type; by default the usual one of the status. */
  type?: string;
  /** Seconds, sent as the `retry-after` header. */
  retryAfter?: number;
}

export interface ScriptedUsage {
  inputTokens?: number;
  outputTokens?: number;
  cacheReadTokens?: number;
  cacheWriteTokens?: number;
}

/**
 * The parts of Claude Code's stream-json messages that are read here; the program sends far more. Shapes as in the type
 * declarations of its official SDK (`npm pack @anthropic-ai/claude-agent-sdk`, of the same number as the program).
 */
export type StreamMessage =
  | SystemMessage
  | PieceMessage
  | AssistantMessage
  | UserMessage
  | ResultMessage
  | ControlRequest
  | ControlResponse
  | ControlCancel
  | WordsProgress
  | RateLimit
  | { type: 'tool_progress' }
  | { type: 'other' };

export interface SystemMessage {
  type: 'system';
  subtype?: string;
  session_id?: string;
  /** Of init. */
  claude_code_version?: string;
  model?: string;
  /** Of session_state_changed. */
  state?: string;
  /** Of background_tasks_changed: all that there are. */
  tasks?: BackgroundTask[];
  /** Of api_retry. */
  attempt?: number;
  max_retries?: number;
  retry_delay_ms?: number;
  error_status?: number | null;
  /** Of compact_boundary. */
  compact_metadata?: { trigger?: string; pre_tokens?: number; post_tokens?: number };
  /** Of model_refusal_fallback. */
  original_model?: string;
  fallback_model?: string;
  /** Of permission_denied. */
  tool_name?: string;
  message?: string;
  /** Of informational. */
  content?: string;
  level?: string;
  /** Of session_writes_lost. */
  lost?: string[];
}

export interface BackgroundTask {
  task_id: string;
  /** `local_bash` is a command; others are agents and workflows. */
  task_type?: string;
  description?: string;
  /** Nobody waits for it, as for a watcher. */
  ambient?: boolean;
}

export interface PieceMessage {
  type: 'stream_event';
  event: {
    type: string;
    message?: { id: string; model: string; usage?: WireUsage };
    delta?: { text?: string; thinking?: string };
    usage?: WireUsage;
  };
  parent_tool_use_id?: string | null;
}

export interface AssistantMessage {
  type: 'assistant';
  message: { id?: string; model?: string; content?: unknown; usage?: WireUsage };
  parent_tool_use_id?: string | null;
}

export interface UserMessage {
  type: 'user';
  message?: { content?: unknown };
  parent_tool_use_id?: string | null;
  /** The program's own words to the model, in the user's place. */
  isSynthetic?: boolean;
}

/** One for each turn; the last one counts. */
export interface ResultMessage {
  type: 'result';
  subtype?: string;
  is_error?: boolean;
  result?: string;
  errors?: string[];
  structured_output?: unknown;
  stop_reason?: string | null;
  terminal_reason?: string;
  api_error?: string;
  api_error_status?: number | null;
  session_id?: string;
  /** The use of this process since the result before, by model, agents of the agent included. */
  model_usage_since_last_result?: Record<string, ModelUsage>;
  /** Words that were handed over and that this turn has taken up. */
  user_message_uuids?: string[];
}

export interface ModelUsage {
  inputTokens?: number;
  outputTokens?: number;
  cacheReadInputTokens?: number;
  cacheCreationInputTokens?: number;
  costUSD?: number;
}

/** The program asks us. */
export interface ControlRequest {
  type: 'control_request';
  request_id: string;
  request: { subtype: string } & Record<string, unknown>;
}

export interface ControlResponse {
  type: 'control_response';
  response: {
    subtype: 'success' | 'error';
    request_id: string;
    response?: Record<string, unknown>;
    error?: string;
  };
}

/** The program does not wait for our answer any longer. */
export interface ControlCancel {
  type: 'control_cancel_request';
  request_id: string;
}

/** How far the program is with words that it was given with a `uuid`. */
interface WordsProgress {
  type: 'command_lifecycle';
  command_uuid: string;
  state: string;
}

export interface RateLimit {
  type: 'rate_limit_event';
  rate_limit_info?: { status?: string; rateLimitType?: string; resetsAt?: number };
}

export interface ContentBlock {
  type: string;
  id?: string;
  name?: string;
  input?: unknown;
  text?: string;
  thinking?: string;
  tool_use_id?: string;
  content?: unknown;
  is_error?: boolean;
}

export interface WireUsage {
  input_tokens?: number;
  output_tokens?: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
}

/** The blocks of a message's content, which may also be a text. */
export function blocks(content: unknown): ContentBlock[] {
  return Array.isArray(content) ? (content as ContentBlock[]) : [];
}

/** The messages that are read, with the field that has to be an object. */
const KNOWN: Readonly<Record<string, string | undefined>> = {
  system: undefined,
  user: undefined,
  result: undefined,
  command_lifecycle: undefined,
  rate_limit_event: undefined,
  tool_progress: undefined,
  control_cancel_request: undefined,
  stream_event: 'event',
  assistant: 'message',
  control_request: 'request',
  control_response: 'response',
};

/** Undefined for a line that is no message at all. */
export function parseMessage(line: string): StreamMessage | undefined {
  const value = jsonObject(line);
  const type = value?.['type'];
  if (value === undefined || typeof type !== 'string') return undefined;
  if (!Object.hasOwn(KNOWN, type)) return { type: 'other' };
  const part = KNOWN[type];
  if (part !== undefined && (typeof value[part] !== 'object' || value[part] === null)) return undefined;
  return value as unknown as StreamMessage;
}

function jsonObject(line: string): Record<string, unknown> | undefined {
  // Told without parsing: an endless output of anything else would keep the runner busy with errors.
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // no JSON: what a tool or the program has printed
  }
}

/** The parts of Claude Code's stream-json messages that are read here; the program sends far more. */
export type StreamMessage =
  SystemMessage | PieceMessage | AssistantMessage | UserMessage | ResultMessage | { type: 'other' };

interface SystemMessage {
  type: 'system';
  subtype?: string;
  claude_code_version?: string;
  model?: string;
  mcp_servers?: { name: string; status: string }[];
  attempt?: number;
  max_retries?: number;
  retry_delay_ms?: number;
  error_status?: number | null;
}

interface PieceMessage {
  type: 'stream_event';
  event: {
    type: string;
    message?: { id: string; model: string };
    delta?: { text?: string; thinking?: string };
    usage?: WireUsage;
  };
  parent_tool_use_id?: string | null;
}

export interface AssistantMessage {
  type: 'assistant';
  message: { id?: string; model?: string; content?: unknown };
  parent_tool_use_id?: string | null;
}

interface UserMessage {
  type: 'user';
  message?: { content?: unknown };
  parent_tool_use_id?: string | null;
}

export interface ResultMessage {
  type: 'result';
  subtype?: string;
  is_error?: boolean;
  result?: string;
  errors?: string[];
  terminal_reason?: string;
  api_error_status?: number | null;
  session_id?: string;
  num_turns?: number;
  total_cost_usd?: number;
  usage?: WireUsage;
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

const KNOWN = new Set(['system', 'stream_event', 'assistant', 'user', 'result']);

/** Undefined for a line that is no message at all. */
export function parseMessage(line: string): StreamMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  const { type } = value;
  if (typeof type !== 'string') return undefined;
  if (!KNOWN.has(type)) return { type: 'other' };
  if (type === 'stream_event' && typeof (value as { event?: unknown }).event !== 'object') return undefined;
  if (type === 'assistant' && typeof (value as { message?: unknown }).message !== 'object') return undefined;
  return value as StreamMessage;
}

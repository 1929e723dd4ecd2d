/**
 * Answers of OpenAI's Chat Completions API as they stand on the wire, whole and streamed; what a reader here does
 * not need is left out. https://platform.openai.com/docs/api-reference/chat
 */

export interface Completion {
  id: string;
  object: 'chat.completion';
  /** Seconds since 1970. */
  created: number;
  model: string;
  choices: { index: number; message: CompletionMessage; finish_reason: FinishReason }[];
  usage: WireUsage;
}

export interface CompletionMessage {
  role: 'assistant';
  content: string | null;
  /** The field that DeepSeek began with and most compatible services took over. */
  reasoning_content?: string;
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[];
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface WireUsage {
  /** Those read from a cache included. */
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number; cache_write_tokens?: number };
}

export interface CompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: { index: number; delta: ChunkDelta; finish_reason: FinishReason | null }[];
  /** In the last chunk, which has no choices. */
  usage?: WireUsage;
}

export interface ChunkDelta {
  role?: 'assistant';
  content?: string;
  reasoning_content?: string;
  tool_calls?: ChunkToolCall[];
}

export interface ChunkToolCall {
  index: number;
  /** In the first chunk of the call, as is the name. */
  id?: string;
  type?: 'function';
  function: { name?: string; arguments: string };
}

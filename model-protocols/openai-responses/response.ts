/**
 * Answers of OpenAI's Responses API as they stand on the wire, whole and streamed; what a reader here does not need
 * is left out. https://platform.openai.com/docs/api-reference/responses, and its page on streaming for the events
 */

export interface Response {
  id: string;
  object: 'response';
  /** Seconds since 1970. */
  created_at: number;
  model: string;
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  error: ResponseError | null;
  /** Why an answer of status incomplete ended. */
  incomplete_details: { reason: 'max_output_tokens' | 'content_filter' } | null;
  output: OutputItem[];
  /** Null until the answer has ended. */
  usage: ResponseUsage | null;
}

export interface ResponseError {
  code: string;
  message: string;
}

export interface ResponseUsage {
  /** Those read from a cache included. */
  input_tokens: number;
  input_tokens_details: { cached_tokens: number; cache_write_tokens?: number };
  /** Reasoning included. */
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export type OutputItem = MessageItem | ReasoningItem | FunctionCallItem | CustomToolCallItem;

type ItemStatus = 'in_progress' | 'completed';

export interface MessageItem {
  type: 'message';
  id: string;
  status: ItemStatus;
  role: 'assistant';
  content: OutputText[];
}

export interface OutputText {
  type: 'output_text';
  text: string;
  annotations: never[];
}

export interface ReasoningItem {
  type: 'reasoning';
  id: string;
  summary: { type: 'summary_text'; text: string }[];
  /** Only the service can read it; it proves what was thought when it comes back. */
  encrypted_content?: string;
}

export interface FunctionCallItem {
  type: 'function_call';
  id: string;
  status: ItemStatus;
  /** By this the result names its call. */
  call_id: string;
  name: string;
  /** Of the tool, where the request has it in one. */
  namespace?: string;
  /** JSON. */
  arguments: string;
}

/** The call of a tool whose input is free text, as that of Codex for patches is. */
export interface CustomToolCallItem {
  type: 'custom_tool_call';
  id: string;
  status: ItemStatus;
  call_id: string;
  name: string;
  input: string;
}

/** Each event of a stream; they are numbered from 0. */
export type ResponseEvent =
  | { type: 'response.created' | 'response.in_progress'; response: Response }
  | { type: 'response.completed' | 'response.incomplete' | 'response.failed'; response: Response }
  | {
      type: 'response.output_item.added' | 'response.output_item.done';
      output_index: number;
      item: OutputItem;
    }
  | ({ type: 'response.content_part.added' | 'response.content_part.done'; part: OutputText } & ContentPlace)
  | ({ type: 'response.output_text.delta'; delta: string } & ContentPlace)
  | ({ type: 'response.output_text.done'; text: string } & ContentPlace)
  | ({
      type: 'response.reasoning_summary_part.added' | 'response.reasoning_summary_part.done';
      part: ReasoningItem['summary'][number];
    } & SummaryPlace)
  | ({ type: 'response.reasoning_summary_text.delta'; delta: string } & SummaryPlace)
  | ({ type: 'response.reasoning_summary_text.done'; text: string } & SummaryPlace)
  | ({
      type: 'response.function_call_arguments.delta' | 'response.custom_tool_call_input.delta';
      delta: string;
    } & ItemPlace)
  | ({ type: 'response.function_call_arguments.done'; arguments: string } & ItemPlace)
  | ({ type: 'response.custom_tool_call_input.done'; input: string } & ItemPlace);

interface ItemPlace {
  item_id: string;
  output_index: number;
}

interface ContentPlace extends ItemPlace {
  content_index: number;
}

interface SummaryPlace extends ItemPlace {
  summary_index: number;
}

import { RunSuspended } from '../../run-failure.ts';
import type { AdapterContext } from '../adapter.ts';
import type {
  AssistantMessage,
  PieceMessage,
  RateLimit,
  StreamMessage,
  SystemMessage,
  UserMessage,
} from './stream-messages.ts';
import { blocks } from './stream-messages.ts';
import { UsageCounter } from './usage-counter.ts';

type ReaderContext = Pick<AdapterContext, 'events' | 'meter' | 'onSession' | 'signal'>;

/** Turns the program's messages into events, and tells the meter. */
export class EventReader {
  readonly #context: ReaderContext;
  readonly #usage: UsageCounter;
  /** Ids of messages whose words came piece by piece already. */
  readonly #streamed = new Set<string>();
  /** The message that comes piece by piece, by the tool call of the agent that speaks. */
  readonly #streaming = new Map<string, string>();

  constructor(context: ReaderContext) {
    this.#context = context;
    this.#usage = new UsageCounter(context.meter);
  }

  /** Throws TypeError for a message of another shape than the program's. */
  read(message: StreamMessage): void {
    switch (message.type) {
      case 'system':
        this.#system(message);
        return;
      case 'stream_event':
        this.#piece(message);
        return;
      case 'assistant':
        this.#assistant(message);
        return;
      case 'user':
        this.#toolResults(message);
        return;
      case 'result':
        if (message.session_id !== undefined) this.#context.onSession(message.session_id);
        this.#context.meter.answered();
        this.#usage.result(message);
        return;
      case 'rate_limit_event':
        this.#rateLimit(message);
        return;
      case 'tool_progress':
        this.#context.meter.alive();
        return;
      default: // newer programs say more than we know; what matters has its types above
    }
  }

  /** The program has ended. */
  close(): void {
    this.#usage.close();
  }

  #log(text: string): void {
    this.#context.events.emit('log', { stream: 'agent', text });
  }

  #system(message: SystemMessage): void {
    const { claude_code_version: version = '', model = 'unknown', session_id: session } = message;
    if (message.subtype === 'init') {
      if (session !== undefined) this.#context.onSession(session);
      const text = `Claude Code ${version} with model ${model}`;
      this.#context.events.emit('status', { phase: 'Running', message: text });
      return;
    }
    const text = NOTES[message.subtype ?? '']?.(message);
    if (text !== undefined) this.#log(text);
  }

  #piece(message: PieceMessage): void {
    const { event } = message;
    const { events, meter } = this.#context;
    // Agents that an agent has started speak at the same time as it does.
    const speaker = message.parent_tool_use_id ?? '';
    const { delta } = event;
    if (event.type === 'message_start' && event.message !== undefined) {
      const { id, model, usage } = event.message;
      this.#streaming.set(speaker, id);
      this.#usage.begin(id, model, usage);
      if (speaker === '') meter.turn();
      return;
    }
    const id = this.#streaming.get(speaker);
    if (event.type === 'content_block_delta' && delta !== undefined) {
      if (id !== undefined) this.#streamed.add(id);
      if (delta.text !== undefined) events.text('text', delta.text, parent(message));
      if (delta.thinking !== undefined) events.text('thinking', delta.thinking, parent(message));
    }
    if (event.type === 'message_delta' && id !== undefined) this.#usage.end(id, event.usage);
    meter.alive();
  }

  #assistant(message: AssistantMessage): void {
    const { id, model = '', content, usage } = message.message;
    const { events, meter } = this.#context;
    if (model === SYNTHETIC) return;
    const streamed = id !== undefined && this.#streamed.has(id);
    if (id !== undefined && usage !== undefined) this.#usage.whole(id, model, usage);
    for (const block of blocks(content)) {
      if (block.type === 'tool_use') {
        const { id: call, name, input } = block;
        meter.toolCall(name ?? '', input);
        events.emit('tool_call', { id: call, name, input: input ?? {}, ...parent(message) });
      }
      if (streamed) continue;
      if (block.type === 'text') events.text('text', block.text ?? '', parent(message));
      if (block.type === 'thinking') events.text('thinking', block.thinking ?? '', parent(message));
    }
  }

  #toolResults(message: UserMessage): void {
    // The program takes the end of a run that waits for a person for a refusal. The next run goes on with the call.
    if (this.#context.signal.reason instanceof RunSuspended) return;
    for (const block of blocks(message.message?.content)) {
      if (block.type !== 'tool_result') continue;
      this.#context.events.emit('tool_result', {
        id: block.tool_use_id,
        output: textOf(block.content),
        isError: block.is_error === true,
        ...parent(message),
      });
    }
  }

  #rateLimit({ rate_limit_info: limit }: RateLimit): void {
    if (limit === undefined || limit.status === 'allowed') return;
    const until =
      limit.resetsAt === undefined ? '' : ` until ${new Date(limit.resetsAt * 1000).toISOString()}`;
    const share = limit.status === 'rejected' ? 'is used up' : 'is nearly used up';
    this.#log(`The limit ${limit.rateLimitType ?? 'of the subscription'} ${share}${until}`);
  }
}

/** A message in the model's name that the program made up itself, as for an error of the model's service. */
const SYNTHETIC = '<synthetic>';

/** The messages that are worth a line of the log, by their subtype. */
const NOTES: Readonly<Record<string, ((message: SystemMessage) => string | undefined) | undefined>> = {
  api_retry: ({ attempt, max_retries: most, retry_delay_ms: delay = 0, error_status: status }) => {
    const answer = typeof status === 'number' ? `answered ${status}` : 'gave no answer';
    return `The model ${answer}; try ${attempt} of ${most} in ${(delay / 1000).toFixed(1)} s`;
  },
  compact_boundary: ({ compact_metadata: compact = {} }) => {
    const after = compact.post_tokens === undefined ? '' : ` to ${compact.post_tokens}`;
    return `The conversation was summarized: from ${compact.pre_tokens ?? 'many'}${after} tokens`;
  },
  model_refusal_fallback: ({ original_model: from, fallback_model: to }) =>
    `The model ${from ?? ''} refused to answer; ${to ?? 'another one'} is asked instead`,
  model_refusal_no_fallback: ({ original_model: model }) => `The model ${model ?? ''} refused to answer`,
  permission_denied: ({ tool_name: tool, message }) => `${tool ?? 'A tool'} was denied: ${message ?? ''}`,
  informational: ({ content, level }) => (level === 'info' ? undefined : content),
  session_writes_lost: ({ lost = [] }) => `The disk is full; not saved: ${lost.join(', ')}`,
};

const parent = (message: { parent_tool_use_id?: string | null }): Record<string, unknown> =>
  message.parent_tool_use_id ? { parent: message.parent_tool_use_id } : {};

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return blocks(content)
    .map((block) => (block.type === 'text' ? (block.text ?? '') : `[${block.type}]`))
    .join('\n');
}

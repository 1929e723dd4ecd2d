import type { RunFailureReason, RunResult, RunUsage } from '#executor-manager/protocol/run';
import { NO_USAGE, addUsage } from '#model-protocols/token-usage';
import { RunFailure, describeError } from '../../run-failure.ts';
import type { AdapterContext } from '../adapter.ts';
import type { BridgeMessage, BridgeUsage } from './bridge-messages.ts';
import { toolOf } from './tool-names.ts';

type Answer = Pick<RunResult, 'value' | 'warnings'>;

export interface BridgeReader {
  /** `message` is what `line` says; undefined for a line that is not the bridge's. */
  take(message: BridgeMessage | undefined, line: string): void;
  errorLine(text: string): void;
  /** Undefined until the bridge has told its end. Throws RunFailure. */
  answer(): Answer | undefined;
}

export interface BridgeReaderOptions {
  context: AdapterContext;
  /** Sends a line to the bridge. */
  answer: (line: object) => void;
  /** Tells the bridge that nothing follows. */
  end: () => void;
}

/** Words of the library that say at each call what is known. */
const NOISE = /^(INFO|DEBUG|WARNING CodingTools run_shell)\b|^\s*$/;

/** Turns the bridge's messages into events. */
export function createBridgeReader(options: BridgeReaderOptions): BridgeReader {
  return new Reader(options);
}

class Reader implements BridgeReader {
  readonly #options: BridgeReaderOptions;
  /** Sums over the calls of the turn, by model. */
  readonly #usage = new Map<string, RunUsage>();
  #answer: Answer | RunFailure | undefined;

  constructor(options: BridgeReaderOptions) {
    this.#options = options;
  }

  take(message: BridgeMessage | undefined, line: string): void {
    const { meter, events } = this.#options.context;
    meter.alive();
    if (message === undefined) events.emit('log', { stream: 'stdout', text: line });
    else this.#read(message);
  }

  errorLine(text: string): void {
    if (!NOISE.test(text)) this.#options.context.events.emit('log', { stream: 'stderr', text });
  }

  answer(): Answer | undefined {
    if (this.#answer instanceof RunFailure) throw this.#answer;
    return this.#answer;
  }

  #read(message: BridgeMessage): void {
    const { context, end } = this.#options;
    const { events } = context;
    switch (message.type) {
      case 'ready':
        events.emit('status', { phase: 'Running', message: `Agno ${message.version}` });
        return;
      case 'session':
        context.onSession(message.id);
        return;
      case 'text':
      case 'thinking':
        events.text(message.type, message.text, speakerOf(message));
        return;
      case 'tool_call':
        this.#called(message);
        return;
      case 'tool_result': {
        const { id, output, isError } = message;
        events.emit('tool_result', { id, output, isError, ...speakerOf(message) });
        return;
      }
      case 'usage':
        this.#counted(message);
        return;
      case 'permission':
        void this.#decide(message);
        return;
      case 'log':
        events.emit('log', { stream: 'agent', text: message.text });
        return;
      case 'done':
      case 'failed':
        this.#answer = message.type === 'done' ? answerOf(message) : failureOf(message);
        end();
        return;
      case 'alive':
    }
  }

  #called(message: Extract<BridgeMessage, { type: 'tool_call' }>): void {
    const { events, meter } = this.#options.context;
    const { name } = toolOf(message.name);
    const { id, input } = message;
    events.emit('tool_call', { id, name, input, ...speakerOf(message) });
    meter.toolCall(name, input);
  }

  #counted({ model, input, output, cacheRead, cacheWrite, cachedInInput }: BridgeUsage): void {
    const { meter } = this.#options.context;
    const ofCall = {
      inputTokens: cachedInInput ? Math.max(0, input - cacheRead - cacheWrite) : input,
      outputTokens: output,
      cacheReadTokens: cacheRead,
      cacheWriteTokens: cacheWrite,
    };
    const usage = addUsage(this.#usage.get(model) ?? NO_USAGE, ofCall);
    this.#usage.set(model, usage);
    meter.turn();
    meter.usage(model, usage);
  }

  async #decide({ id, name, input }: Extract<BridgeMessage, { type: 'permission' }>): Promise<void> {
    const { context, answer } = this.#options;
    const { name: tool, level } = toolOf(name);
    try {
      const decision = await context.permissions.decide({ tool, input, level }, context.signal);
      const message = decision.behavior === 'deny' ? { message: decision.message } : {};
      answer({ permission: id, allow: decision.behavior === 'allow', ...message });
    } catch (error) {
      // The run ends: the bridge is being ended, too.
      answer({ permission: id, allow: false, message: describeError(error) });
    }
  }
}

function speakerOf({ agent }: { agent?: string }): { agent?: string } {
  return agent === undefined ? {} : { agent };
}

function answerOf({ value, stop, ended }: Extract<BridgeMessage, { type: 'done' }>): Answer | RunFailure {
  if (stop === 'length') {
    return new RunFailure('AnswerCut', "the model's answer is not complete: it reached a limit of tokens");
  }
  if (stop === 'refused')
    return new RunFailure('ModelRefused', 'the model, or its service, refused to answer');
  if (!ended) return new RunFailure('ModelError', "the model's answer broke off before its end");
  return value === '' ? { value, warnings: ['The agent ended without words.'] } : { value };
}

/** Of the library's errors, by their types. */
const REASONS: ReadonlyMap<string, RunFailureReason> = new Map([
  ['model_provider_error', 'ModelError'],
  ['model_authentication_error', 'ModelError'],
  ['model_rate_limit_error', 'ModelError'],
]);

function failureOf({ message, kind }: Extract<BridgeMessage, { type: 'failed' }>): RunFailure {
  const reason = REASONS.get(kind) ?? 'AgentFailed';
  return new RunFailure(
    reason,
    reason === 'ModelError' ? `the model failed: ${message}` : `Agno failed: ${message}`,
  );
}

import type { RunResult, RunUsage } from '#executor-manager/protocol/run';
import { NO_USAGE, addUsage } from '#model-protocols/token-usage';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentModel } from '../adapter.ts';
import { chatCall } from './chat-call.ts';
import type { ChatTools, ToolCall } from './chat-tools.ts';
import { textOfBlocks } from './conversation.ts';
import type { ChatQuestion, ChatTurn } from './conversation.ts';
import { askModel } from './model-answer.ts';
import type { ModelAnswer } from './model-answer.ts';

export interface ChatLoopOptions {
  model: AgentModel;
  context: AdapterContext;
  tools: ChatTools;
  system: string | undefined;
  schema: Record<string, unknown> | undefined;
  /** The words said before, and then the question. */
  turns: ChatTurn[];
}

/** Asks the model until it has said all: it calls tools, people add words, and its answer ends the loop. */
export class ChatLoop {
  readonly #options: ChatLoopOptions;
  readonly #turns: ChatTurn[];
  /** Words of people that have come since the model was asked last. */
  readonly #words: string[] = [];
  #interrupt = new AbortController();
  #used: RunUsage = { ...NO_USAGE };

  constructor(options: ChatLoopOptions) {
    this.#options = options;
    this.#turns = [...options.turns];
  }

  /** Throws RunFailure. */
  async run(): Promise<Pick<RunResult, 'value' | 'warnings'>> {
    const { controls } = this.#options.context;
    controls.onInterrupt(() => this.#interrupt.abort(new Error('interrupted')));
    controls.onSteer((text) => void this.#words.push(text));
    for (;;) {
      this.#addWords();
      const answer = await this.#ask();
      const calls = answer.blocks.filter((block) => block.type === 'toolCall');
      if (answer.interrupted) {
        if (this.#words.length === 0) return this.#end(answer, 'The answer was interrupted.');
        this.#keepText(answer);
      } else {
        this.#turns.push({ role: 'assistant', blocks: answer.blocks });
        checkStop(answer);
        if (calls.length > 0) await this.#callTools(calls);
        else if (answer.stop !== 'paused' && this.#words.length === 0) return this.#end(answer);
      }
    }
  }

  async #ask(): Promise<ModelAnswer> {
    const { model, context, tools, system, schema } = this.#options;
    const question: ChatQuestion = { system, schema, turns: this.#turns, tools: tools.offered() };
    context.meter.turn();
    context.signal.throwIfAborted();
    const answer = await askModel(chatCall(question, model), { context, interrupt: this.#interrupt.signal });
    context.events.flush();
    this.#used = addUsage(this.#used, answer.usage);
    context.meter.usage(model.name, this.#used);
    return answer;
  }

  /** At the same time, as models ask for it; the outcomes stand in the order of the calls. */
  async #callTools(calls: readonly ToolCall[]): Promise<void> {
    const { tools } = this.#options;
    const outcomes = await Promise.all(calls.map((call) => tools.call(call)));
    this.#turns.push({ role: 'tools', outcomes });
  }

  /** An interrupt that came with them, while no answer was awaited, has broken off nothing, and is over. */
  #addWords(): void {
    if (this.#words.length === 0) return;
    this.#interrupt = new AbortController();
    this.#turns.push({ role: 'user', text: this.#words.splice(0).join('\n\n') });
  }

  /** Calls that nobody will answer must not stand there: services refuse them. */
  #keepText({ blocks }: ModelAnswer): void {
    const text = textOfBlocks(blocks);
    if (text !== '') this.#turns.push({ role: 'assistant', blocks: [{ type: 'text', text }] });
  }

  /** No words are taken from here on, so that none get lost. */
  #end({ blocks }: ModelAnswer, warning?: string): Pick<RunResult, 'value' | 'warnings'> {
    const { controls } = this.#options.context;
    controls.onSteer(undefined);
    controls.onInterrupt(undefined);
    const text = textOfBlocks(blocks);
    if (text.trim() === '' && warning === undefined) {
      throw new RunFailure('ModelError', "the model's answer is empty");
    }
    return {
      value: text,
      ...(warning === undefined ? {} : { warnings: [warning] }),
    };
  }
}

/** An answer that is cut is not one, nor is a refusal. */
function checkStop({ stop }: ModelAnswer): void {
  if (stop === 'length') {
    throw new RunFailure('AnswerCut', "the model's answer is not complete: it reached a limit of tokens");
  }
  if (stop === 'refused') {
    throw new RunFailure('ModelRefused', "the model's answer is not complete: a content policy ended it");
  }
}

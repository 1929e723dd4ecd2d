import { textOf } from '#model-protocols/json-value';
import type { JsonObject } from '#model-protocols/json-value';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext } from '../adapter.ts';
import type { DifyPart, DifyThought } from './dify-events.ts';

/** Characters of an answer that are held for the result; the events have all of it. */
const ANSWER_LENGTH = 4 * 1024 * 1024;

export interface DifyRunOptions {
  isWorkflow: boolean;
  /** Under which tokens are counted: Dify does not say which models an application calls. */
  model: string;
  context: Pick<AdapterContext, 'events' | 'meter'>;
  onConversation: (id: string) => void;
}

/** The end of a run as Dify says it. */
export interface DifyAnswer {
  value: string;
  /** Of a workflow. */
  outputs?: JsonObject;
  warnings: string[];
}

/** The words of one run's stream so far. */
export class DifyRun {
  readonly #options: DifyRunOptions;
  #text = '';
  #said = false;
  readonly #thoughts = new Map<string, { calls: number; observed: boolean; text: string }>();
  readonly #warnings: string[] = [];
  #outputs: JsonObject | undefined;
  #ended = false;
  /** By this the run is stopped. */
  taskID: string | undefined;
  /** Somebody has stopped it, and its end is then no failure. */
  stopped = false;

  constructor(options: DifyRunOptions) {
    this.#options = options;
  }

  /** Whether nothing follows that counts. A chatflow goes on after its workflow has finished. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Throws RunFailure when the part says that the run has failed. */
  take(part: DifyPart): void {
    const { events, meter } = this.#options.context;
    switch (part.type) {
      case 'task':
        this.taskID ??= part.id;
        return;
      case 'conversation':
        this.#options.onConversation(part.id);
        return;
      case 'text':
        this.#add(part.text);
        return;
      case 'replace':
        this.#text = part.text.slice(0, ANSWER_LENGTH);
        events.emit('status', {
          phase: 'Running',
          message: 'The service has replaced all words so far by these',
        });
        events.emit('text', { text: part.text, replaces: true });
        return;
      case 'thought':
        this.#think(part.thought);
        return;
      case 'status':
        events.emit('status', { phase: 'Running', message: part.message });
        return;
      case 'log':
        events.emit('log', { stream: 'agent', text: part.text });
        return;
      case 'usage':
        meter.usage(this.#options.model, part.usage, part.costUSD);
        return;
      case 'end':
        this.#ended = true;
        return;
      case 'finished':
        this.#finish(part);
        return;
      case 'paused':
        throw new RunFailure(
          'AgentFailed',
          `the workflow waits for a person at Dify (${part.what}), whom nobody here can answer for`,
        );
      case 'failure':
        throw new RunFailure('ModelError', `the application failed: ${part.message}`);
    }
  }

  /** @throws RunFailure for an answer that broke off, or that says nothing. */
  answer(): DifyAnswer {
    const whole = this.#ended || this.#outputs !== undefined || this.stopped;
    if (!whole) throw new RunFailure('ModelError', 'the answer of the application broke off before its end');
    const outputs = this.#options.isWorkflow ? (this.#outputs ?? {}) : undefined;
    const value = outputs === undefined ? this.#text : (wordsOf(outputs) ?? this.#text);
    if (value === '' && !this.#said && !this.stopped) {
      throw new RunFailure('ModelError', 'the application ended without an answer');
    }
    return {
      value,
      ...(outputs && { outputs }),
      warnings: this.#warnings,
    };
  }

  #add(text: string): void {
    this.#said = true;
    this.#options.context.events.text('text', text);
    if (this.#text.length < ANSWER_LENGTH) this.#text += text;
  }

  /** An agent's step is told again and again while it goes on; each piece of it counts once. */
  #think({ id, text, calls, observation }: DifyThought): void {
    const { events, meter } = this.#options.context;
    const known = this.#thoughts.get(id) ?? { calls: 0, observed: false, text: '' };
    if (!this.#thoughts.has(id)) meter.turn();
    this.#thoughts.set(id, known);
    // The thought of an agent in its last step is its answer.
    if (text !== '' && text !== known.text && !this.#text.includes(text)) {
      events.text('thinking', text);
      known.text = text;
    }
    for (const [index, { name, input }] of calls.entries()) {
      if (index < known.calls) continue;
      known.calls = index + 1;
      events.emit('tool_call', { id: callID(id, index), name, input });
      meter.toolCall(name, input);
    }
    if (observation === '' || known.observed || known.calls === 0) return;
    known.observed = true;
    events.emit('tool_result', { id: callID(id, known.calls - 1), output: observation, isError: false });
  }

  #finish({ status, outputs, error }: Extract<DifyPart, { type: 'finished' }>): void {
    if (status === 'stopped' && !this.stopped) {
      throw new RunFailure('AgentFailed', 'the workflow was stopped at Dify');
    }
    if (status === 'failed') {
      throw new RunFailure('ModelError', `the workflow failed: ${error ?? 'no message'}`);
    }
    if (status === 'partial-succeeded') {
      this.#warnings.push(`Parts of the workflow failed${error === undefined ? '' : `: ${error}`}.`);
    }
    this.#outputs = outputs;
    this.#said = true;
    this.#ended = this.#options.isWorkflow;
  }
}

const callID = (thought: string, index: number): string => `${thought}-${index + 1}`;

/** One text where there is only one; otherwise all of them, as JSON. Undefined for a workflow without outputs. */
function wordsOf(outputs: JsonObject): string | undefined {
  const values = Object.values(outputs);
  if (values.length === 0) return undefined;
  return (values.length === 1 ? textOf(values[0]) : undefined) ?? JSON.stringify(outputs, null, 2);
}

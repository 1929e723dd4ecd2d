import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { RunResult } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';
import type { AdapterContext, AgentRequest } from '../adapter.ts';
import { ControlChannel } from './control-channel.ts';
import { CutAnswer } from './cut-answer.ts';
import { EventReader } from './event-reader.ts';
import type { Launch } from './launch.ts';
import { failedServers, failureText } from './mcp-status.ts';
import { isInterrupted, outcomeOf } from './outcome.ts';
import { parseMessage } from './stream-messages.ts';
import type { ResultMessage, StreamMessage } from './stream-messages.ts';
import { ToolPermissions } from './tool-permissions.ts';
import { WorkWatch } from './work-watch.ts';

/** For the result of a turn that is ended: it says what the turn has used up. */
const LAST_RESULT_MS = 2000;
/** Between the end of stdin and the end of the program. */
const EXIT_MS = 5000;
/** Of what is no message, as whatever a tool has written to the program's output. */
const MOST_OTHER_LINES = 1000;

export interface ConversationOptions {
  request: AgentRequest;
  context: AdapterContext;
  launch: Launch;
  /** Ends the program, asked or not. */
  stop: () => void;
}

type Outcome = ReturnType<typeof outcomeOf>;

/** Talks with the program over its two-way protocol: from the first request to the last result. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #reader: EventReader;
  readonly #watch: WorkWatch;
  readonly #channel: ControlChannel;
  readonly #cutAnswer = new CutAnswer();
  #input: Writable | undefined;
  #outcome: Outcome | undefined;
  /** Why the program is of no more use. */
  #failure: unknown;
  #prompted = false;
  #otherLines = 0;
  readonly #warnings: string[] = [];
  #cancelStop: (() => void) | undefined;

  constructor(options: ConversationOptions) {
    const { context, request } = options;
    this.#options = options;
    this.#reader = new EventReader(context);
    const permissions = new ToolPermissions(context);
    this.#channel = new ControlChannel({
      write: (line) => {
        if (this.#input?.writable === true) this.#input.write(line);
      },
      answer: (asked, gone) => permissions.answer(asked, gone),
    });
    this.#watch = new WorkWatch({
      clock: context.clock,
      idleSeconds: request.limits?.idleSeconds,
      onOver: (cutOff, tasks) => {
        this.#warnings.push(...cutOff);
        for (const id of tasks) this.#tell({ subtype: 'stop_task', task_id: id });
        this.#end();
      },
    });
  }

  /** The program is started. */
  start(input: Writable): void {
    this.#input = input;
    const { signal } = this.#options.context;
    if (signal.aborted) this.#cancel();
    else signal.addEventListener('abort', () => this.#cancel(), { once: true });
    this.#open().catch((error: unknown) => {
      this.#failure ??= error;
      this.#options.stop();
    });
  }

  line(line: string): void {
    const message = parseMessage(line);
    if (message !== undefined && this.#readable(message)) return;
    this.#otherLines += 1;
    const { events } = this.#options.context;
    if (this.#otherLines < MOST_OTHER_LINES) events.emit('log', { stream: 'stdout', text: line });
    if (this.#otherLines === MOST_OTHER_LINES) {
      events.emit('log', { stream: 'stdout', text: 'Further lines that are no messages are left out.' });
    }
  }

  /** The program has ended; nothing of the conversation is left. Undefined when there was no result. */
  close(): Pick<RunResult, 'value' | 'output' | 'warnings'> | undefined {
    const { context } = this.#options;
    this.#watch.close();
    this.#channel.close();
    this.#reader.close();
    this.#cancelStop?.();
    context.controls.onSteer(undefined);
    context.controls.onInterrupt(undefined);
    context.signal.throwIfAborted();
    if (this.#outcome instanceof RunFailure) throw this.#outcome;
    if (this.#outcome === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return undefined;
    }
    return { ...this.#outcome, ...(this.#warnings.length === 0 ? {} : { warnings: this.#warnings }) };
  }

  async #open(): Promise<void> {
    const { launch, context, request } = this.#options;
    await this.#channel.request(launch.initialize);
    if (launch.servers) {
      for (const server of await failedServers({ ...context, channel: this.#channel })) {
        const text = failureText(server);
        this.#warnings.push(text);
        context.events.emit('log', { stream: 'agent', text });
      }
    }
    context.signal.throwIfAborted();
    this.#prompted = true;
    this.#say(request.prompt, request.images);
    context.controls.onInterrupt(() => this.#interrupt());
    context.controls.onSteer((text) => this.#say(text));
  }

  #say(text: string, images: AgentRequest['images'] = []): void {
    const uuid = randomUUID();
    const pictures = images.map(({ mediaType, data }) => {
      return { type: 'image', source: { type: 'base64', media_type: mediaType, data } };
    });
    this.#watch.words(uuid);
    this.#channel.send({
      type: 'user',
      uuid,
      // As it is written: the program would take `/compact` for a command of its own, and `@file` for that file.
      client_composed: true,
      parent_tool_use_id: null,
      message: { role: 'user', content: [...pictures, { type: 'text', text }] },
    });
  }

  async #interrupt(): Promise<void> {
    this.#watch.interrupt();
    await this.#channel.request({ subtype: 'interrupt' });
  }

  /** False for a message of another shape than the program's: whatever the agent runs can write to its output. */
  #readable(message: StreamMessage): boolean {
    try {
      this.#read(message);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  #read(message: StreamMessage): void {
    switch (message.type) {
      case 'control_request':
        this.#channel.takeRequest(message);
        return;
      case 'control_response':
        this.#channel.takeResponse(message);
        return;
      case 'control_cancel_request':
        this.#channel.takeCancel(message.request_id);
        return;
      default:
    }
    this.#reader.read(message);
    this.#cutAnswer.read(message);
    if (message.type === 'result') this.#result(message);
    this.#watch.read(message);
  }

  #result(message: ResultMessage): void {
    if (this.#options.context.signal.aborted) {
      this.#end(); // told what it has used up: nothing else is waited for
      return;
    }
    const answer = this.#cutAnswer.whole(message.result ?? '');
    const whole = message.is_error === true ? message : { ...message, result: answer };
    const outcome = isInterrupted(message) ? { value: '' } : outcomeOf(whole);
    // A turn without words, as one that was told of the end of a task, does not take away those before.
    const kept = outcome instanceof RunFailure || outcome.value !== '' || this.#outcome === undefined;
    if (kept || 'output' in outcome) this.#outcome = outcome;
    if (!this.#prompted) this.#end();
  }

  /** Asked to end: the turn first, then the program. */
  #cancel(): void {
    const { clock } = this.#options.context;
    if (!this.#prompted) {
      this.#options.stop();
      return;
    }
    this.#tell({ subtype: 'interrupt' });
    this.#cancelStop?.();
    this.#cancelStop = clock.after(LAST_RESULT_MS, () => this.#options.stop());
  }

  /** A request whose answer nobody waits for. */
  #tell(request: { subtype: string } & Record<string, unknown>): void {
    this.#channel.request(request).catch(() => undefined);
  }

  /** The program ends by itself when it gets nothing more. */
  #end(): void {
    const { clock, controls } = this.#options.context;
    controls.onSteer(undefined);
    controls.onInterrupt(undefined);
    this.#input?.end();
    this.#cancelStop?.();
    this.#cancelStop = clock.after(EXIT_MS, () => this.#options.stop());
  }
}

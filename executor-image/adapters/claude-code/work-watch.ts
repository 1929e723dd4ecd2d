import type { Clock } from '../../clock.ts';
import type { BackgroundTask, StreamMessage, SystemMessage } from './stream-messages.ts';

/** After a result the program says at once that it is idle. One that does not say so is not waited for longer. */
const STATE_MS = 10_000;
/** The agent learns of an end in the background within milliseconds. */
const SETTLE_MS = 3000;
/** It takes up words as fast, but where the machine is busy: they would be lost. */
const TAKE_UP_MS = 10_000;
/** Commands in the background, as servers for a test are: they may never end. Agents in the background are waited for. */
const COMMANDS_MS = 120_000;
/** For what somebody who has interrupted the agent wants to say. */
const WORDS_MS = 60_000;

export interface WorkWatchOptions {
  clock: Clock;
  /** Seconds after which the run counts as idle: nothing is waited for nearly as long. */
  idleSeconds: number | undefined;
  /** Nothing more is expected of the program. `cutOff` are sentences about what has not ended, `tasks` their ids. */
  onOver: (cutOff: string[], tasks: string[]) => void;
}

/** `told`: there is a result, and the program has not said yet that nothing else is to come. */
type State = 'working' | 'told' | 'idle';

/**
 * Knows when the program has done all that it was asked: a result alone is not the end of it, since there may be tasks
 * in the background, of whose end the agent is told in a turn of its own, and words that came in the meantime.
 */
export class WorkWatch {
  readonly #options: WorkWatchOptions;
  /** Words that were handed over and not taken up, by their ids. */
  readonly #words = new Set<string>();
  #tasks: readonly BackgroundTask[] = [];
  #state: State = 'working';
  /** A task has ended, and the agent is to hear of it. */
  #news = false;
  #interrupted = false;
  #over = false;
  #cancelTimer: (() => void) | undefined;

  constructor(options: WorkWatchOptions) {
    this.#options = options;
  }

  /** Words with this id were handed over. */
  words(id: string): void {
    this.#words.add(id);
    this.#interrupted = false;
    this.#look();
  }

  /** Somebody ends the turn; words may follow. */
  interrupt(): void {
    this.#interrupted = true;
  }

  read(message: StreamMessage): void {
    switch (message.type) {
      case 'result':
        for (const id of message.user_message_uuids ?? []) this.#words.delete(id);
        this.#state = 'told';
        break;
      case 'command_lifecycle':
        if (message.state === 'completed' || message.state === 'cancelled') {
          this.#words.delete(message.command_uuid);
        }
        break;
      case 'stream_event':
      case 'assistant':
        if (message.parent_tool_use_id) return; // an agent in the background says nothing of the others
        this.#works();
        break;
      case 'system':
        if (!this.#system(message)) return;
        break;
      default:
        return;
    }
    this.#look();
  }

  /** No timer is left. */
  close(): void {
    this.#over = true;
    this.#cancelTimer?.();
  }

  /** False when it says nothing of the state. */
  #system({ subtype, state, tasks = [] }: SystemMessage): boolean {
    if (subtype === 'background_tasks_changed') {
      const now = tasks.filter(({ ambient }) => ambient !== true);
      if (now.length < this.#tasks.length && this.#state !== 'working') this.#news = true;
      this.#tasks = now;
      return true;
    }
    if (subtype === 'init') {
      // Of each turn: with words at hand the program goes on without being idle in between.
      this.#works();
      return true;
    }
    if (subtype !== 'session_state_changed') return false;
    if (state === 'idle') this.#state = 'idle';
    else this.#works();
    return true;
  }

  #works(): void {
    this.#state = 'working';
    this.#news = false;
  }

  /** Waits for what is open, each thing as long as it deserves. */
  #look(): void {
    this.#cancelTimer?.();
    if (this.#over || this.#state === 'working') return;
    if (this.#tasks.length > 0) this.#waitForTasks();
    else if (this.#words.size > 0) this.#wait(TAKE_UP_MS);
    else if (this.#news) this.#wait(SETTLE_MS);
    else if (this.#state === 'told') this.#wait(STATE_MS);
    else if (this.#interrupted) this.#wait(this.#within(WORDS_MS), [INTERRUPTED]);
    else this.#end([]);
  }

  #waitForTasks(): void {
    const ms = this.#within(COMMANDS_MS);
    const agents = this.#tasks.some(({ task_type: type }) => type !== 'local_bash');
    if (agents) return; // they show signs of life, or the run's limit ends them
    const left = this.#tasks.map(({ task_id: id, description }) => description ?? id);
    this.#wait(
      ms,
      left.map((task) => `What the agent left running was ended after ${Math.round(ms / 1000)} s: ${task}`),
    );
  }

  #within(ms: number): number {
    return Math.min(ms, (this.#options.idleSeconds ?? Infinity) * 1000 * 0.8);
  }

  #wait(ms: number, cutOff: string[] = []): void {
    this.#cancelTimer = this.#options.clock.after(ms, () => this.#end(cutOff));
  }

  #end(cutOff: string[]): void {
    this.close();
    this.#options.onOver(
      cutOff,
      this.#tasks.map(({ task_id: id }) => id),
    );
  }
}

const INTERRUPTED = 'The agent was interrupted, and nobody told it how to go on.';

import type { Sandbox, SandboxQuestion, SandboxSpec } from '#api/types/generated/sandbox';
import type { RunEvent, RunState } from '../protocol/run.ts';
import { Messages } from './messages.ts';
import { OpenQuestions } from './open-questions.ts';
import type { RunnerClient } from './runner-client.ts';

export interface TalkOptions {
  /** As an earlier manager has left it. */
  sandbox: Sandbox;
  /** Told when other questions are open than before. */
  onQuestions: (questions: SandboxQuestion[]) => void;
  /** Told when the agent has got further messages, with the ids of all. */
  onApplied: (messages: string[]) => void;
}

/** The talk between the agent of one run and people: its questions, their answers, and what they say by themselves. */
export class Talk {
  readonly #questions: OpenQuestions;
  readonly #messages: Messages;
  #tell: (() => void) | undefined;

  constructor({ sandbox: { status }, onQuestions, onApplied }: TalkOptions) {
    this.#questions = new OpenQuestions({ known: status?.questions ?? [], onChange: onQuestions });
    this.#messages = new Messages({ known: status?.appliedMessages ?? [], onChange: onApplied });
  }

  /** The words of people that the Sandbox has by now. */
  note({ answers, messages }: Pick<SandboxSpec, 'answers' | 'messages'>): void {
    this.#questions.note(answers);
    this.#messages.note(messages);
    this.#tell?.();
  }

  /** Takes over what events, which are in the log by now, say. */
  read(events: readonly RunEvent[]): void {
    this.#questions.read(events);
    this.#messages.read(events);
  }

  /** Takes over what a run that an earlier manager has started knows. */
  resume({ messages }: RunState): void {
    this.#messages.add(messages);
  }

  /** Hands the run what it does not have yet. @throws StatusError as the runner's client */
  async deliver(runner: Pick<RunnerClient, 'input'>, runID: string): Promise<void> {
    await this.#questions.deliver(runner, runID);
    await this.#messages.deliver(runner, runID);
  }

  /** Tells of further words; the returned function ends that. */
  onWords(tell: () => void): () => void {
    this.#tell = tell;
    return () => (this.#tell = undefined);
  }
}

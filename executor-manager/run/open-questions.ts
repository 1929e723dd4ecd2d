import { isStatusError } from '#api/machinery/status-error';
import type { SandboxAnswer, SandboxQuestion } from '#api/types/generated/sandbox';
import type { RunEvent, RunQuestion } from '../protocol/run.ts';
import type { RunnerClient } from './runner-client.ts';

/** Limits of what a status holds of a question; the log has all of it. */
const MAX_QUESTIONS = 100;
const MAX_MESSAGE = 32_768;
const MAX_NAME = 256;
const MAX_ID = 64;
const MAX_INPUT = 16_384;
const MAX_OPTIONS = 50;

export interface OpenQuestionsOptions {
  /** Those that an earlier manager has written down. */
  known: readonly SandboxQuestion[];
  /** Told when others are open than before. */
  onChange: (questions: SandboxQuestion[]) => void;
}

/** The questions of one run's agent to people, as its events tell; carries the answers to it, each once. */
export class OpenQuestions {
  readonly #options: OpenQuestionsOptions;
  readonly #open: Map<string, SandboxQuestion>;
  #answers: readonly SandboxAnswer[] = [];
  readonly #sent = new Set<string>();

  constructor(options: OpenQuestionsOptions) {
    this.#options = options;
    this.#open = new Map(options.known.map((question) => [question.id, question]));
  }

  /** Takes over what events, which are in the log by now, say. */
  read(events: readonly RunEvent[]): void {
    let changed = false;
    for (const { type, data } of events) {
      if (type === 'answer') changed = this.#open.delete(String(data['id'])) || changed;
      const question = type === 'request' ? readQuestion(data) : undefined;
      if (question === undefined || this.#open.size >= MAX_QUESTIONS) continue;
      this.#open.set(question.id, question);
      changed = true;
    }
    if (changed) this.#options.onChange([...this.#open.values()]);
  }

  /** The answers that the Sandbox has by now. */
  note(answers: readonly SandboxAnswer[] | undefined): void {
    this.#answers = answers ?? [];
  }

  /**
   * Hands the run what it does not have yet. One that the run does not wait for is left out.
   * @throws StatusError as the runner's client
   */
  async deliver(runner: Pick<RunnerClient, 'input'>, runID: string): Promise<void> {
    for (const answer of this.#answers) {
      if (!this.#open.has(answer.id) || this.#sent.has(answer.id)) continue;
      try {
        await runner.input(runID, { id: `answer-${answer.id}`, type: 'answer', answer });
      } catch (error) {
        if (!isStatusError(error, 'Conflict') && !isStatusError(error, 'NotFound')) throw error;
      }
      this.#sent.add(answer.id);
    }
  }
}

/** A question from a sandbox, checked; undefined for something else: the API would refuse the whole status for it. */
export function readQuestion(data: unknown): SandboxQuestion | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { id, kind, message, tool, level, input, options } = data as Partial<RunQuestion>;
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID) return undefined;
  if (kind !== 'Permission' && kind !== 'Question') return undefined;
  const choices = Array.isArray(options) ? options.filter((option) => typeof option === 'string') : [];
  return {
    id,
    kind,
    message: typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : '',
    ...(typeof tool === 'string' ? { tool: tool.slice(0, MAX_NAME) } : {}),
    ...(level === 'readOnly' || level === 'safe' || level === 'privileged' ? { level } : {}),
    ...shownInput(input),
    ...(choices.length === 0 ? {} : { options: choices.slice(0, MAX_OPTIONS) }),
  };
}

function shownInput(input: unknown): Pick<SandboxQuestion, 'input'> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return {};
  const text = JSON.stringify(input);
  // A person must not decide on half of an input without knowing that there is more.
  return { input: text.length <= MAX_INPUT ? { ...input } : { truncated: `${text.slice(0, MAX_INPUT)}...` } };
}

import { isStatusError } from '#api/machinery/status-error';
import type { SandboxMessage } from '#api/types/generated/sandbox';
import type { RunEvent } from '../protocol/run.ts';
import type { RunnerClient } from './runner-client.ts';

const MOST_APPLIED = 1000;
const MOST_ID = 64;

export interface MessagesOptions {
  /** Those that an earlier manager knows the agent has got. */
  known: readonly string[];
  /** Told when the agent has got further ones, with all of them. */
  onChange: (applied: string[]) => void;
}

/** Carries the messages of people to the agent of one run, each once, and knows which of them it has got. */
export class Messages {
  readonly #options: MessagesOptions;
  readonly #applied: Set<string>;
  #messages: readonly SandboxMessage[] = [];
  readonly #sent = new Set<string>();

  constructor(options: MessagesOptions) {
    this.#options = options;
    this.#applied = new Set(options.known);
  }

  /** The messages that the Sandbox has by now. */
  note(messages: readonly SandboxMessage[] | undefined): void {
    this.#messages = messages ?? [];
  }

  /** Takes over what events, which are in the log by now, say. */
  read(events: readonly RunEvent[]): void {
    this.add(events.flatMap(({ type, data }) => (type === 'message_applied' ? [data['id']] : [])));
  }

  /** Takes over the ids of messages that the agent has got. Data from a sandbox are not trusted. */
  add(ids: unknown): void {
    const further = readApplied(ids).filter((id) => !this.#applied.has(id));
    if (further.length === 0) return;
    for (const id of further) this.#applied.add(id);
    this.#options.onChange([...this.#applied]);
  }

  /**
   * Hands the run what it does not have yet, in order. The runner knows ids, so that one may be sent again; one that the
   * run cannot take waits for another run.
   * @throws StatusError as the runner's client
   */
  async deliver(runner: Pick<RunnerClient, 'input'>, runID: string): Promise<void> {
    for (const { id, text, interrupt } of this.#messages) {
      if (this.#applied.has(id) || this.#sent.has(id)) continue;
      try {
        const input = { id, type: 'message', text } as const;
        await runner.input(runID, { ...input, ...(interrupt === true ? { interrupt } : {}) });
      } catch (error) {
        if (!isStatusError(error, 'Conflict') && !isStatusError(error, 'NotFound')) throw error;
      }
      this.#sent.add(id);
    }
  }
}

/** The ids of messages in what a runner has sent; the API would refuse the whole status for a single wrong one. */
export function readApplied(given: unknown): string[] {
  const all: unknown[] = Array.isArray(given) ? given : [];
  const ids = all.filter((id) => typeof id === 'string').filter((id) => id !== '' && id.length <= MOST_ID);
  return [...new Set(ids)].slice(0, MOST_APPLIED);
}

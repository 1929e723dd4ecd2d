import { RunFailure, describeError } from '../../run-failure.ts';
import type { ControlRequest, ControlResponse } from './stream-messages.ts';

type Answer = Record<string, unknown>;

export interface ControlChannelOptions {
  /** Writes one line to the program. */
  write: (line: string) => void;
  /**
   * Gets a request of the program. The signal aborts when it no longer waits for the answer. Rejects for what cannot be
   * answered; the program then goes on without.
   */
  answer: (request: ControlRequest['request'], signal: AbortSignal) => Promise<Answer>;
}

/** Requests and answers in both directions, beside the other messages of the stream. */
export class ControlChannel {
  readonly #options: ControlChannelOptions;
  /** Our requests that have no answer yet. */
  readonly #waiting = new Map<
    string,
    { resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();
  /** The program's requests that we have not answered yet. */
  readonly #asked = new Map<string, AbortController>();
  #sent = 0;

  constructor(options: ControlChannelOptions) {
    this.#options = options;
  }

  send(message: object): void {
    this.#options.write(`${JSON.stringify(message)}\n`);
  }

  /** Rejects with RunFailure AgentFailed for a request that the program refuses, or when the channel is closed. */
  request(request: { subtype: string } & Record<string, unknown>): Promise<Answer> {
    this.#sent += 1;
    const id = `troupe-${this.#sent}`;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.send({ type: 'control_request', request_id: id, request });
    });
  }

  /** An answer with an id that nobody waits for is not ours, and ignored. */
  takeResponse({ response }: ControlResponse): void {
    const waiting = this.#waiting.get(response.request_id);
    if (waiting === undefined) return;
    this.#waiting.delete(response.request_id);
    if (response.subtype === 'success') waiting.resolve(response.response ?? {});
    else waiting.reject(new RunFailure('AgentFailed', `Claude Code: ${response.error ?? 'no reason given'}`));
  }

  /** The same id again is the same question: it gets one answer. */
  takeRequest({ request_id: id, request }: ControlRequest): void {
    if (typeof id !== 'string' || this.#asked.has(id)) return;
    const gone = new AbortController();
    this.#asked.set(id, gone);
    this.#options.answer(request, gone.signal).then(
      (response) => this.#respond(id, { subtype: 'success', response }),
      (error: unknown) => this.#respond(id, { subtype: 'error', error: describeError(error) }),
    );
  }

  takeCancel(id: string): void {
    const gone = this.#asked.get(id);
    this.#asked.delete(id);
    gone?.abort(new Error('the agent does not ask any longer'));
  }

  /** Nothing comes any more. */
  close(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new RunFailure('AgentFailed', 'Claude Code has ended without an answer'));
    }
    this.#waiting.clear();
    for (const id of this.#asked.keys()) this.takeCancel(id);
  }

  #respond(id: string, response: object): void {
    // Withdrawn in the meantime: an answer would be taken for that of another question.
    if (!this.#asked.delete(id)) return;
    this.send({ type: 'control_response', response: { ...response, request_id: id } });
  }
}

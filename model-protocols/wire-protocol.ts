import type { Answer, AnswerPart } from './answer.ts';
import type { ServerSentEvent } from './server-sent-events.ts';

/** A way in which model services speak. All are pure: nothing here opens a connection. */
export interface WireProtocol {
  readonly name: 'anthropic' | 'openai' | 'openai-responses';

  /** For one stream. */
  createReader(): StreamReader;
  /** Reads the body of an answer that is not a stream: its parts, or a failure. */
  readWhole(body: unknown): AnswerPart[];

  /** For one stream. */
  createWriter(): StreamWriter;
  /** The body of an answer that is not a stream. */
  writeWhole(answer: Answer): unknown;
  /** The body of an error. `type` is the usual one of the status when absent. */
  errorBody(error: WireError): unknown;
}

export interface StreamReader {
  /** The parts that one event brings; none for an event that says nothing. `data` is the event's. */
  read(data: string): AnswerPart[];
  /** The last parts, when the body ends: `end`, if the answer was whole. */
  finish(): AnswerPart[];
}

export interface StreamWriter {
  /** The events that one part makes. The parts come in the order that AnswerPart asks for. */
  write(part: AnswerPart): ServerSentEvent[];
}

export interface WireError {
  /** HTTP status, 400 to 599. */
  status: number;
  message: string;
  type?: string;
}

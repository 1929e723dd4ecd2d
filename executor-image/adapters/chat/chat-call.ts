import type { RunUsage } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';

/** One call in a service's protocol. */
export interface ChatCall {
  url: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  /** Reads one event of the stream. Throws RunFailure ModelError for an error within it. */
  read(data: string, reading: ChatReading): { text?: string | undefined; thinking?: string | undefined };
}

export interface ChatReading {
  text: string;
  /** Whether the service said that the answer is complete. */
  ended: boolean;
  /** Whether it said that nothing follows, whatever becomes of the connection. */
  closed: boolean;
  usage: RunUsage;
}

/** Throws RunFailure ModelError for what is not JSON. */
export function parseEvent(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (error) {
    throw new RunFailure('ModelError', 'the model sent an event that is not JSON', error);
  }
}

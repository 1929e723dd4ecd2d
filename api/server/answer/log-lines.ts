import type { TaskEvent } from '../../types/tasks/task-event.ts';
import { chunked } from './live-stream.ts';

/** By the arrays that all followers of a log are given (TaskLog.follow). */
const made = new WeakMap<readonly TaskEvent[], readonly Uint8Array[]>();

/** A JSON object per line for each event, encoded once for all followers, in pieces as the socket takes them. */
export function logLines(events: readonly TaskEvent[]): readonly Uint8Array[] {
  let pieces = made.get(events);
  if (pieces === undefined) {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`);
    pieces = Array.from(chunked(lines), (text) => Buffer.from(text));
    made.set(events, pieces);
  }
  return pieces;
}

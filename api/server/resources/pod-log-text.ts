import { createTaskEventText } from '../../types/tasks/task-event-text.ts';
import type { TaskEvent } from '../../types/tasks/task-event.ts';
import type { LogReader } from '../../registry/tasks/read-log.ts';
import type { PodLogQuery } from './pod-log-query.ts';

export interface PodLogTextOptions extends Omit<PodLogQuery, 'previous'> {
  /** Milliseconds since the epoch. */
  now: number;
  signal: AbortSignal;
}

/**
 * The events of a log as the text that `query` asks for. The last lines are found by a first reading that only counts, so
 * that memory stays bounded however many are asked for.
 */
export async function* podLogText(
  read: LogReader,
  query: PodLogTextOptions,
): AsyncGenerator<Iterable<Buffer>> {
  const { follow, tailLines, limitBytes = Number.POSITIVE_INFINITY, signal } = query;
  const skip = tailLines === undefined ? 0 : (await countLines(read, query)) - tailLines;
  const lines = createLineSkip(Math.max(0, skip));
  let left = limitBytes;
  for await (const text of texts(read({ after: 0, follow, signal }), query)) {
    const bytes = Buffer.from(lines.rest(text)).subarray(0, left);
    left -= bytes.length;
    if (bytes.length > 0) yield [bytes];
    if (left === 0) return;
  }
}

async function countLines(read: LogReader, query: PodLogTextOptions): Promise<number> {
  let count = 0;
  let isOpen = false;
  for await (const text of texts(read({ after: 0, follow: false, signal: query.signal }), query)) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
    if (text !== '') isOpen = !text.endsWith('\n');
  }
  return isOpen ? count + 1 : count;
}

/** One text for each page of events. */
async function* texts(
  pages: AsyncIterable<readonly TaskEvent[]>,
  query: PodLogTextOptions,
): AsyncGenerator<string> {
  const since = sinceOf(query);
  const text = createTaskEventText({ timestamps: query.timestamps });
  for await (const page of pages) {
    const wanted = since === undefined ? page : page.filter(({ time }) => Date.parse(time) >= since);
    yield wanted.map((event) => text.add(event)).join('');
  }
  yield text.end();
}

function sinceOf({ sinceMs, sinceTime, now }: PodLogTextOptions): number | undefined {
  return sinceMs === undefined ? sinceTime : now - sinceMs;
}

/** Leaves out the first lines of a text that comes in parts. */
function createLineSkip(count: number): { rest(text: string): string } {
  let left = count;
  return {
    rest(text) {
      let start = 0;
      while (left > 0) {
        const end = text.indexOf('\n', start);
        if (end < 0) return '';
        start = end + 1;
        left -= 1;
      }
      return text.slice(start);
    },
  };
}

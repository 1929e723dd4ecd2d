import { percentiles } from './load.ts';

/** Watches as their clients see them, and what they watch. */
export interface Watched {
  /** Opens a watch that calls `seen` with a text that holds the name of each event, until the signal aborts. */
  open: (seen: (text: string) => void, signal: AbortSignal) => Promise<{ ended: Promise<void> }>;
  /** Causes one event of that name. */
  cause: (name: string) => Promise<unknown>;
}

/**
 * Milliseconds from causing an event to each of the watches having it. One event at a time: the next one is caused
 * when every watch has the last.
 */
export async function fanOut(
  { open, cause }: Watched,
  { watches, events }: { watches: number; events: number },
): Promise<{ p50Ms: number; p99Ms: number }> {
  const ending = new AbortController();
  const latencies: number[] = [];
  const current = { name: '', start: 0, missing: 0, all: (): void => {} };
  const seen = (text: string): void => {
    if (!text.includes(current.name)) return;
    latencies.push(performance.now() - current.start);
    current.missing -= 1;
    if (current.missing === 0) current.all();
  };
  const opened: { ended: Promise<void> }[] = [];
  // Few at a time: a thousand handshakes at once would run into the limit of each.
  while (opened.length < watches) {
    const missing = Math.min(20, watches - opened.length);
    opened.push(...(await Promise.all(Array.from({ length: missing }, () => open(seen, ending.signal)))));
  }
  const cut = Promise.race(opened.map(({ ended }) => ended)).then(() => {
    if (!ending.signal.aborted) throw new Error(`a watch ended at the event ${current.name}`);
  });
  for (let index = 0; index < events; index += 1) {
    const everybody = Promise.withResolvers<void>();
    // As many digits in each, so that no name is the beginning of another.
    const name = `event-${`${index}`.padStart(6, '0')}`;
    Object.assign(current, { name, missing: watches, all: everybody.resolve });
    current.start = performance.now();
    await Promise.race([Promise.all([cause(current.name), everybody.promise]), cut]);
  }
  ending.abort();
  await Promise.all([cut, ...opened.map(({ ended }) => ended)]);
  return percentiles(latencies);
}

/** The same for an answer over HTTP whose lines are the events. */
export async function openLines(
  request: (signal: AbortSignal) => Promise<AsyncIterable<Buffer>>,
  seen: (line: string) => void,
  signal: AbortSignal,
): Promise<{ ended: Promise<void> }> {
  return { ended: readLines(await request(signal), seen) };
}

async function readLines(stream: AsyncIterable<Buffer>, seen: (line: string) => void): Promise<void> {
  let rest = '';
  try {
    for await (const piece of stream) {
      const lines = (rest + piece.toString()).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(seen);
    }
  } catch (error) {
    // We end every stream ourselves, by aborting its request.
    if ((error as Error).name !== 'AbortError') throw error;
  }
}

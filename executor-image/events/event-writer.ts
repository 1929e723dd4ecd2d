import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunEvent } from '#executor-manager/protocol/run';
import { RunFailure } from '../run-failure.ts';
import { cutText, cutValue } from '../text/cut.ts';
import type { EventData, EventSpool } from './event-spool.ts';
import type { Redactor } from './redact.ts';

export interface EventWriterOptions {
  spool: EventSpool;
  redactor: Redactor;
  /** Called once when an event could not be written, as on a full disk; with a RunFailure at the limit of the log. */
  onFailure: (error: unknown) => void;
}

/** After a failure of the disk. */
const LAST_WORDS: ReadonlySet<RunEvent['type']> = new Set(['error', 'usage', 'result']);
/** After the limit of the log: there is room for what the run has done. */
const LAST_WORDS_AND_WORK: ReadonlySet<RunEvent['type']> = new Set([...LAST_WORDS, 'diff']);

/** Writes events at once: limits kept, secrets removed. After a failure only how the run ends is still written. */
export interface EventWriter {
  write(type: RunEvent['type'], data: EventData): void;
  /** Words are never cut: a long text becomes several events. */
  writeText(type: 'text' | 'thinking', text: string, more: EventData): void;
}

export function createEventWriter({ spool, redactor, onFailure }: EventWriterOptions): EventWriter {
  /** The types that are still written; absent: all. */
  let lastWords: ReadonlySet<RunEvent['type']> | undefined;

  // In this order: a cut could leave the first part of a secret.
  const append = (type: RunEvent['type'], data: EventData): number =>
    spool.append(type, limited(type, redactor.data(data)));

  const write = (type: RunEvent['type'], data: EventData): void => {
    if (lastWords !== undefined) return writeLastWords(type, data);
    try {
      append(type, data);
    } catch (error) {
      lastWords = error instanceof RunFailure ? LAST_WORDS_AND_WORK : LAST_WORDS;
      spool.useReserve();
      onFailure(error);
      writeLastWords(type, data);
    }
  };

  /** Whatever fills the disk, readers learn how the run ended: at the least without the answer. */
  const writeLastWords = (type: RunEvent['type'], { result, ...data }: EventData): void => {
    if (lastWords?.has(type) !== true) return;
    try {
      append(type, result === undefined ? data : { ...data, result });
    } catch {
      if (result !== undefined) writeLastWords(type, data);
    }
  };

  return {
    write,
    writeText(type, text, more) {
      for (let rest = redactor.text(text); rest !== '';) {
        const piece = cutText(rest, RUN_LIMITS.textBytes);
        write(type, { text: piece, ...more });
        rest = rest.slice(piece.length);
      }
    },
  };
}

function limited(type: RunEvent['type'], data: EventData): EventData {
  const { field, bytes } = LIMITS[type] ?? {};
  if (field === undefined || bytes === undefined) return data;
  const value = data[field];
  if (typeof value === 'string') {
    const cut = cutText(value, bytes);
    return cut === value ? data : { ...data, [field]: cut, truncated: true };
  }
  const cut = cutValue(value, bytes);
  return cut === value ? data : { ...data, [field]: cut, truncated: true };
}

const LIMITS: Partial<Record<RunEvent['type'], { field: string; bytes: number }>> = {
  text: { field: 'text', bytes: RUN_LIMITS.textBytes },
  thinking: { field: 'text', bytes: RUN_LIMITS.textBytes },
  log: { field: 'text', bytes: RUN_LIMITS.textBytes },
  tool_call: { field: 'input', bytes: RUN_LIMITS.textBytes },
  tool_result: { field: 'output', bytes: RUN_LIMITS.toolOutputBytes },
  diff: { field: 'diff', bytes: RUN_LIMITS.diffBytes },
};

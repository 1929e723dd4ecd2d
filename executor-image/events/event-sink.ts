import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunEvent } from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import { cutText, cutValue } from '../text/cut.ts';
import type { EventData, EventSpool } from './event-spool.ts';
import type { Redactor } from './redact.ts';

/** How long pieces of text are gathered before they become one event. The first piece goes out at once. */
const GATHER_MS = 50;
const GATHER_BYTES = 4096;

export interface EventSinkOptions {
  spool: EventSpool;
  redactor: Redactor;
  clock: Clock;
  /** Called once when an event could not be written, as on a full disk. */
  onFailure: (error: unknown) => void;
}

/** Where a run's parts put their events: limits kept, secrets removed, single words of a stream gathered. */
export interface EventSink {
  emit(type: RunEvent['type'], data: EventData): void;
  /** A piece of the agent's words or reasoning. `more` is put beside the text; pieces with another one do not mix. */
  text(type: 'text' | 'thinking', text: string, more?: EventData): void;
  flush(): void;
}

export function createEventSink({ spool, redactor, clock, onFailure }: EventSinkOptions): EventSink {
  let gathered: { type: 'text' | 'thinking'; text: string; more: EventData; key: string } | undefined;
  let cancelTimer: (() => void) | undefined;
  let failed = false;

  const write = (type: RunEvent['type'], data: EventData): void => {
    if (failed) return;
    try {
      // In this order: a cut could leave the first part of a secret.
      spool.append(type, limited(type, redactor.data(data)));
    } catch (error) {
      failed = true;
      onFailure(error);
    }
  };
  /** Writes what is gathered, up to what may be the beginning of a secret. */
  const pass = (): void => {
    if (gathered === undefined) return;
    const { type, text, more } = gathered;
    const end = text.length - redactor.unfinished(text);
    gathered.text = text.slice(end);
    if (end > 0) write(type, { text: text.slice(0, end), ...more });
  };
  const gather = (): void => {
    cancelTimer?.();
    cancelTimer = clock.after(GATHER_MS, () => {
      cancelTimer = undefined;
      pass();
    });
  };
  const flush = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    if (gathered === undefined) return;
    const { type, text, more } = gathered;
    gathered = undefined;
    if (text !== '') write(type, { text, ...more });
  };

  return {
    flush,
    emit(type, data) {
      flush();
      write(type, data);
    },
    text(type, text, more = {}) {
      const key = `${type} ${JSON.stringify(more)}`;
      if (gathered !== undefined && gathered.key !== key) flush();
      gathered ??= { type, text: '', more, key };
      gathered.text += text;
      if (cancelTimer !== undefined && gathered.text.length <= GATHER_BYTES) return;
      pass();
      gather();
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

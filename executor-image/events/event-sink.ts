import type { RunEvent } from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import type { EventData } from './event-spool.ts';
import { createEventWriter } from './event-writer.ts';
import type { EventWriterOptions } from './event-writer.ts';

/** How long pieces of text are gathered before they become one event. The first piece goes out at once. */
const GATHER_MS = 50;
const GATHER_BYTES = 4096;

export interface EventSinkOptions extends EventWriterOptions {
  clock: Clock;
}

/** Where a run's parts put their events: limits kept, secrets removed, single words of a stream gathered. */
export interface EventSink {
  emit(type: RunEvent['type'], data: EventData): void;
  /** A piece of the agent's words or reasoning. `more` is put beside the text; pieces with another one do not mix. */
  text(type: 'text' | 'thinking', text: string, more?: EventData): void;
  flush(): void;
}

export function createEventSink({ redactor, clock, ...options }: EventSinkOptions): EventSink {
  const { write, writeText } = createEventWriter({ redactor, ...options });
  let gathered: { type: 'text' | 'thinking'; text: string; more: EventData; key: string } | undefined;
  let cancelTimer: (() => void) | undefined;
  /** Writes what is gathered, up to what may be the beginning of a secret. */
  const pass = (): void => {
    if (gathered === undefined) return;
    const { type, text, more } = gathered;
    const end = text.length - redactor.unfinished(text);
    gathered.text = text.slice(end);
    writeText(type, text.slice(0, end), more);
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
    writeText(type, text, more);
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

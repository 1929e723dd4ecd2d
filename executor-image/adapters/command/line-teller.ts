import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunUsage } from '#executor-manager/protocol/run';
import { lastBytes } from '../../text/cut.ts';
import type { AdapterContext } from '../adapter.ts';
import type { LineEvent } from './line-reader.ts';

/** Turns what the lines of a program mean into events, and keeps its last words. */
export interface LineTeller {
  tell(line: LineEvent): void;
  words(): string;
  /** The program's own words about why it failed. */
  failure(): string | undefined;
}

type Fields = LineEvent['fields'];

export function createLineTeller({ events, meter }: Pick<AdapterContext, 'events' | 'meter'>): LineTeller {
  let words = '';
  let failure: string | undefined;
  let calls = 0;
  const tellers: Record<LineEvent['event'], (fields: Fields) => void> = {
    text(fields) {
      words = lastBytes(words + textOf(fields['text']), RUN_LIMITS.textBytes);
      events.text('text', textOf(fields['text']));
    },
    thinking: (fields) => events.text('thinking', textOf(fields['text'])),
    tool_call(fields) {
      calls += 1;
      const name = textOf(fields['name']) || 'tool';
      const input = inputOf(fields['input']);
      meter.toolCall(name, input);
      events.emit('tool_call', { id: textOf(fields['id']) || `call-${calls}`, name, input });
    },
    tool_result(fields) {
      const isError = fields['isError'] === true || fields['isError'] === 'true';
      const id = textOf(fields['id']) || `call-${calls}`;
      events.emit('tool_result', { id, output: textOf(fields['output']), isError });
    },
    usage(fields) {
      const cost = Number(fields['costUSD'] ?? Number.NaN);
      meter.usage(textOf(fields['model']) || 'model', usageOf(fields), cost >= 0 ? cost : undefined);
    },
    turn: () => meter.turn(),
    status: (fields) => events.emit('status', { phase: 'Running', message: textOf(fields['message']) }),
    log: (fields) => events.emit('log', { stream: 'stdout', text: textOf(fields['text']) }),
    failure(fields) {
      failure ??= textOf(fields['message']) || 'the program reported a failure';
    },
    nothing: () => meter.alive(),
  };
  return {
    tell: ({ event, fields }) => tellers[event](fields),
    words: () => words,
    failure: () => failure,
  };
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function inputOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  return value === undefined ? {} : { input: value };
}

function usageOf(fields: Fields): RunUsage {
  const count = (name: keyof RunUsage): number => {
    const value = Number(fields[name] ?? 0);
    return Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  return {
    inputTokens: count('inputTokens'),
    outputTokens: count('outputTokens'),
    cacheReadTokens: count('cacheReadTokens'),
    cacheWriteTokens: count('cacheWriteTokens'),
  };
}

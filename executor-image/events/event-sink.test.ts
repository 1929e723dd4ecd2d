import { describe, expect, it } from 'vitest';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import { RunFailure } from '../run-failure.ts';
import { createEventSink } from './event-sink.ts';
import type { EventData } from './event-spool.ts';
import { createRedactor } from './redact.ts';

interface ManualClock extends Clock {
  /** Lets all timers fire. */
  fire(): void;
}

function manualClock(): ManualClock {
  const timers = new Set<() => void>();
  return {
    now: () => 0,
    elapsed: () => 0,
    after(_, fn) {
      timers.add(fn);
      return () => timers.delete(fn);
    },
    fire() {
      const due = [...timers];
      timers.clear();
      for (const fn of due) fn();
    },
  };
}

function sinkWith(append?: (type: string, data: EventData) => number) {
  const written: { type: string; data: EventData }[] = [];
  const failures: unknown[] = [];
  const clock = manualClock();
  const sink = createEventSink({
    spool: {
      lastSeq: 0,
      append: append ?? ((type, data) => written.push({ type, data })),
      close: () => undefined,
      useReserve: () => undefined,
      // oxlint-disable-next-line require-yield -- nothing is read in these tests
      async *read() {
        return;
      },
    },
    redactor: createRedactor({
      shell: { type: 'Chat' },
      agent: { name: 'a' },
      prompt: 'p',
      timeoutSeconds: 1,
      model: { protocol: 'openai', name: 'm', env: { MY_KEY: 'very-secret-key' } },
    }),
    clock,
    onFailure: (error) => failures.push(error),
  });
  return { sink, clock, written, failures };
}

describe('event sink', () => {
  it('sends the first words at once and gathers the next ones', () => {
    const { sink, clock, written } = sinkWith();
    for (const text of ['Hel', 'lo ', 'wor', 'ld']) sink.text('text', text);
    expect(written).toEqual([{ type: 'text', data: { text: 'Hel' } }]);
    clock.fire();
    expect(written[1]).toEqual({ type: 'text', data: { text: 'lo world' } });
    sink.text('text', '!');
    expect(written[2], 'after a pause the first words are at once again').toEqual({
      type: 'text',
      data: { text: '!' },
    });
  });

  it('keeps the order: another event, kind or speaker flushes', () => {
    const { sink, written } = sinkWith();
    sink.text('thinking', 'a');
    sink.text('thinking', 'b');
    sink.text('text', 'c');
    sink.text('text', 'd');
    sink.text('text', 'e', { parent: 't1' });
    sink.emit('tool_call', { id: 't' });
    expect(written.map(({ type, data }) => `${type} ${String(data['text'] ?? '')}`)).toEqual([
      ...['thinking a', 'thinking b', 'text c', 'text d', 'text e', 'tool_call '],
    ]);
  });

  it('does not gather without end', () => {
    const { sink, written } = sinkWith();
    for (let i = 0; i < 100; i++) sink.text('text', 'x'.repeat(1000));
    expect(written.length).toBeGreaterThan(15);
    expect(written.map(({ data }) => String(data['text'])).join('').length).toBeGreaterThan(90_000);
  });

  it.each([
    { type: 'text', field: 'text', limit: RUN_LIMITS.textBytes },
    { type: 'tool_result', field: 'output', limit: RUN_LIMITS.toolOutputBytes },
    { type: 'diff', field: 'diff', limit: RUN_LIMITS.diffBytes },
  ] as const)('cuts a $type that is too long, and says so', ({ type, field, limit }) => {
    const { sink, written } = sinkWith();
    sink.emit(type, { [field]: 'ä'.repeat(limit) });
    expect(Buffer.byteLength(String(written[0]?.data[field]))).toBe(limit);
    expect(written[0]?.data['truncated']).toBe(true);
    sink.emit(type, { [field]: 'ä'.repeat(limit / 2) });
    expect(written[1]?.data).not.toHaveProperty('truncated');
  });

  it('takes secrets out, wherever they stand', () => {
    const { sink, written } = sinkWith();
    sink.emit('tool_call', { input: { list: ['key: very-secret-key'] } });
    expect(written[0]?.data).toEqual({ input: { list: ['key: [redacted]'] } });
  });

  it.each([1, 5, 14, 16])('takes out a secret that comes in pieces of %d', (size) => {
    const { sink, clock, written } = sinkWith();
    const words = 'the key is very-secret-key, a very-secret-k';
    for (let at = 0; at < words.length; at += size) {
      sink.text('text', words.slice(at, at + size));
      if (at % 3 === 0) clock.fire();
    }
    sink.flush();
    const text = written.map(({ data }) => String(data['text'])).join('');
    expect(text).toBe('the key is [redacted], a very-secret-k');
  });

  it('leaves no part of a secret where it cuts', () => {
    const { sink, written } = sinkWith();
    sink.emit('log', { text: `${'x'.repeat(RUN_LIMITS.textBytes - 8)}very-secret-key` });
    expect(String(written[0]?.data['text']).slice(-8)).toBe('[redacte');
  });

  it('says all words, however many come at once, and no part of a secret between two events', () => {
    const { sink, written } = sinkWith();
    const text = `${'ä'.repeat(40_000)}very-secret-key${'b'.repeat(70_000)}`;
    sink.text('text', text);
    sink.flush();
    expect(written.length).toBeGreaterThan(2);
    expect(written.some(({ data }) => 'truncated' in data)).toBe(false);
    const all = written.map(({ data }) => String(data['text'])).join('');
    expect(all).toBe(text.replace('very-secret-key', '[redacted]'));
  });

  it('tells once that events cannot be written, and still how the run ends', () => {
    const written: string[] = [];
    let room = 0;
    const { sink, failures } = sinkWith((type, data) => {
      const size = JSON.stringify(data).length;
      if (size > room) throw new Error('ENOSPC');
      return written.push(type);
    });
    sink.emit('log', { text: 'a' });
    room = 100;
    sink.emit('log', { text: 'b' });
    sink.emit('error', { reason: 'AgentFailed' });
    sink.emit('result', { phase: 'Failed', result: { value: 'x'.repeat(200) } });
    expect(failures).toHaveLength(1);
    expect(written).toEqual(['error', 'result']);
  });

  it('at the limit of the log still tells the work of the run', () => {
    const written: string[] = [];
    const { sink, failures } = sinkWith((type) => {
      if (type === 'text') throw new RunFailure('OutputLimit', 'more than 1 MiB');
      return written.push(type);
    });
    sink.text('text', 'a');
    for (const type of ['log', 'usage', 'error', 'diff', 'result'] as const) sink.emit(type, {});
    expect(failures).toMatchObject([{ reason: 'OutputLimit' }]);
    expect(written).toEqual(['usage', 'error', 'diff', 'result']);
  });
});

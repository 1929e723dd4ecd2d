import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '#executor-manager/protocol/run';
import { createEventSpool } from './event-spool.ts';
import type { EventSpool } from './event-spool.ts';

let folder: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-spool-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const newSpool = (limitBytes?: number): EventSpool =>
  createEventSpool({
    ...(limitBytes === undefined ? {} : { limitBytes }),
    file: path.join(folder, `${++files}.ndjson`),
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  });

async function readAll(
  spool: EventSpool,
  after: number,
  signal = new AbortController().signal,
): Promise<RunEvent[]> {
  let text = '';
  for await (const piece of spool.read(after, signal)) text += piece.toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
}

const seqs = (events: RunEvent[]): number[] => events.map((event) => event.seq);
const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

describe('event spool', () => {
  it('numbers and dates what is appended', async () => {
    const spool = newSpool();
    expect(spool.append('text', { text: 'ä' })).toBe(1);
    expect(spool.append('log', {})).toBe(2);
    spool.close();
    expect(await readAll(spool, 0)).toEqual([
      { seq: 1, time: '2026-01-02T03:04:05.006000Z', type: 'text', data: { text: 'ä' } },
      { seq: 2, time: '2026-01-02T03:04:05.006000Z', type: 'log', data: {} },
    ]);
    expect(() => spool.append('text', {})).toThrow('the run has ended');
  });

  it('gives every reader exactly what comes after its number, whenever it begins', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 200 }),
        fc.array(fc.record({ at: fc.nat(200), after: fc.nat(220) }), { minLength: 1, maxLength: 6 }),
        async (sizes, readers) => {
          const spool = newSpool();
          const reading: { after: number; events: Promise<RunEvent[]> }[] = [];
          const begin = (count: number): void => {
            for (const { at, after } of readers) {
              if (at === count) reading.push({ after, events: readAll(spool, after) });
            }
          };
          begin(0);
          for (const [index, size] of sizes.entries()) {
            spool.append('text', { text: 'x'.repeat(size) });
            begin(index + 1);
            if (index % 16 === 0) await Promise.resolve();
          }
          spool.close();
          for (const { after, events } of reading) {
            expect(seqs(await events)).toEqual(range(after + 1, sizes.length));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets a reader go that is not wanted any more', async () => {
    const spool = newSpool();
    spool.append('text', {});
    const gone = new AbortController();
    const read = readAll(spool, 0, gone.signal);
    gone.abort();
    expect((await read).length).toBeLessThanOrEqual(1);
    spool.close();
  });

  it('takes no more than its limit, the words about the end aside', async () => {
    const spool = newSpool(1000);
    spool.append('text', { text: 'x'.repeat(500) });
    for (const type of ['text', 'usage'] as const) {
      expect(() => spool.append(type, { text: 'x'.repeat(500) })).toThrow('more than 1000 bytes');
    }
    spool.append('error', { message: 'x'.repeat(500) });
    spool.append('result', { phase: 'Failed' });
    spool.close();
    expect((await readAll(spool, 0)).map(({ type }) => type)).toEqual(['text', 'error', 'result']);
  });

  it('is on disk, readable by its owner alone', () => {
    const spool = newSpool();
    spool.append('text', { text: 'kept' });
    expect(readFileSync(path.join(folder, `${files}.ndjson`), 'utf8')).toContain('"kept"');
    spool.close();
    expect(() => createEventSpool({ file: path.join(folder, `${files}.ndjson`), now: () => 0 })).toThrow(
      'EEXIST',
    );
  });
});

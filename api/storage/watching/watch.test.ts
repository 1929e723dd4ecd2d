import { describe, expect, it } from 'vitest';
import { StorageError } from '../contract/storage-error.ts';
import type { HistoryRow } from '../driver/revision-tables.ts';
import { Memory } from '../memory/memory.ts';
import { watchFrom } from './watch.ts';

const row = (revision: number): HistoryRow => ({
  revision,
  key: { resource: 'r', namespace: '', name: `n${revision}` },
  op: 'create',
  previousRevision: 0,
  body: '{"metadata":{}}',
});

describe('watchFrom', () => {
  it('does not go live over what compaction removed while it read history and memory started over', async () => {
    const memory = new Memory({
      snapshot: { revision: 2, commitId: 'b', compacted: 0, rows: [] },
      ring: { events: 10, bytes: 1_000 },
    });
    memory.resource('r');
    const startOver = (): void =>
      memory.reload(
        { revision: 9, commitId: 'i', compacted: 8, rows: [] },
        new StorageError('Compacted', 'away for too long'),
      );
    let compacted = 0;
    const stream = watchFrom(
      { resource: 'r', after: 0, signal: new AbortController().signal },
      {
        memory,
        assertOpen: () => undefined,
        buffer: { events: 10, bytes: 1_000 },
        log: {
          async history({ after, upTo }) {
            const answer = {
              compacted,
              rows: [1, 2].filter((n) => n > after && n <= upTo).map((n) => row(n)),
            };
            startOver();
            compacted = 8;
            return answer;
          },
        },
      },
    );
    const first = await stream.next();
    expect(first.value).toMatchObject([{ revision: 1 }, { revision: 2 }]);
    await expect(stream.next()).rejects.toMatchObject({ code: 'Compacted' });
  });
});

import { describe, expect, it } from 'vitest';
import { Memory } from './memory.ts';
import { encodeBody, restore } from './stored-object.ts';

const change = (revision: number) => {
  const key = { resource: 'r', namespace: '', name: 'a' };
  const object = restore(key, revision, encodeBody({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a' } }));
  return { revision, commitId: `c${revision}`, key, object };
};

describe('Memory', () => {
  it('refuses to go on over a missing revision', () => {
    const memory = new Memory({
      snapshot: { revision: 3, commitId: 'c3', compacted: 0, rows: [] },
      ring: { events: 10, bytes: 1_000 },
    });
    memory.apply([change(4)]);
    expect(() => memory.apply([change(6)])).toThrow('revision 6 follows 4');
    expect(memory.position).toEqual({ revision: 4, commitId: 'c4' });
  });

  it('skips what it has already', () => {
    const memory = new Memory({
      snapshot: { revision: 3, commitId: 'c3', compacted: 0, rows: [] },
      ring: { events: 10, bytes: 1_000 },
    });
    memory.apply([change(4)]);
    memory.apply([change(3), change(4), change(5)]);
    expect(memory.revision).toBe(5);
    expect(
      memory
        .resource('r')
        .ring.after(3)
        .map(({ revision }) => revision),
    ).toEqual([4, 5]);
  });
});

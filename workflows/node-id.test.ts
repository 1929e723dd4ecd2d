import { describe, expect, it } from 'vitest';
import { NodePath, nodeId, pathOf, prefixedNodeId } from './node-id.ts';

describe('the id of a node of a workflow', () => {
  const path = NodePath.ROOT.step(2).iteration(3).step(1);

  it.each([
    { reason: 'the name and the place', name: 'fix', want: 'fix-2r3x1' },
    { reason: 'names as they are written', name: 'Fix_It', want: 'fix-it-2r3x1' },
    { reason: 'no letters that an id may have', name: '___', want: 's-2r3x1' },
    { reason: 'the word of answers to messages', name: 'message', want: 's-2r3x1' },
    { reason: 'a long name is cut', name: 'a'.repeat(60), want: `${'a'.repeat(26)}-2r3x1` },
  ])('$reason', ({ name, want }) => {
    const id = nodeId(name, path);
    expect(id).toBe(want);
    expect(id.length).toBeLessThanOrEqual(32);
    expect(pathOf(id)).toBe('2r3x1');
    const copy = prefixedNodeId('c10-', id);
    expect(copy).toMatch(/^c10-[a-z]/);
    expect(copy.length).toBeLessThanOrEqual(32);
    expect(pathOf(copy)).toBe('2r3x1');
  });

  it('has the nodes that judge its work', () => {
    expect(nodeId('fix', path.judged('v2-vote-3'))).toBe('fix-2r3x1v2vote3');
  });
});

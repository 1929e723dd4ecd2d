import { describe, expect, it } from 'vitest';
import { validateGraph } from './graph.ts';
import type { PlannedNode } from './graph.ts';
import { node } from './made-up.ts';

const told = (from: string) => ({ inputs: { taskPrompt: false, results: [{ from, label: 'x' }] } });

describe('validateGraph', () => {
  const cases: { reason: string; nodes: PlannedNode[]; want: string | undefined }[] = [
    { reason: 'one node', nodes: [node('a')], want: undefined },
    {
      reason: 'a diamond, in any order',
      nodes: [
        node('d', { needs: ['b', 'c'] }),
        node('c', { needs: ['a'] }),
        node('b', { needs: ['a'] }),
        node('a'),
      ],
      want: undefined,
    },
    {
      reason: 'results and files of a node that is waited for by way of another',
      nodes: [
        node('a'),
        node('b', { needs: ['a'] }),
        node('c', { needs: ['b'], ...told('a'), workspace: { uses: true, from: 'a' } }),
      ],
      want: undefined,
    },
    { reason: 'no id', nodes: [node('')], want: '"" cannot be the id of a node.' },
    { reason: 'no name of a Sandbox', nodes: [node('A b')], want: '"A b" cannot be the id of a node.' },
    {
      reason: 'an id that is too long',
      nodes: [node('x'.repeat(33))],
      want: `"${'x'.repeat(33)}" cannot be the id of a node.`,
    },
    { reason: 'one id twice', nodes: [node('a'), node('a')], want: 'Two nodes have the id "a".' },
    {
      reason: 'a need that is not there',
      nodes: [node('a', { needs: ['b'] })],
      want: 'Node "a" needs "b", which does not exist.',
    },
    {
      reason: 'a node that needs itself',
      nodes: [node('a', { needs: ['a'] })],
      want: 'Node "a" waits for itself.',
    },
    {
      reason: 'a circle',
      nodes: [node('a', { needs: ['c'] }), node('b', { needs: ['a'] }), node('c', { needs: ['b'] })],
      want: 'Node "a" waits for itself.',
    },
    {
      reason: 'a result of a node that may run beside it',
      nodes: [node('a'), node('b', told('a'))],
      want: 'Node "b" takes something from "a" and does not wait for it.',
    },
    {
      reason: 'the files of a node that may run beside it',
      nodes: [node('a'), node('b', { workspace: { uses: true, from: 'a' } })],
      want: 'Node "b" takes something from "a" and does not wait for it.',
    },
  ];
  it.each(cases)('$reason', ({ nodes, want }) => expect(validateGraph(nodes)).toBe(want));
});

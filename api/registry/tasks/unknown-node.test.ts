import { expect, it } from 'vitest';
import { unknownNode } from './unknown-node.ts';

it('names the titles of nodes behind their ids', () => {
  const records = [
    { node: 's0', title: 'first' },
    { node: 'plan', title: 'plan' },
  ];
  expect(unknownNode('node', 'first', records).message).toBe(
    'Unsupported value: "first": supported values: "s0", "plan" (s0: first)',
  );
});

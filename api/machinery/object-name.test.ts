import { describe, expect, it } from 'vitest';
import { generateName, labelValueFault, qualifiedNameFault } from './object-name.ts';

describe('rules for names', () => {
  it.each([
    [qualifiedNameFault, 'agent.wecode.io/task', true, 'a prefix'],
    [qualifiedNameFault, '/task', false, 'an empty prefix'],
    [qualifiedNameFault, 'A.io/task', false, 'a prefix is lower case'],
    [qualifiedNameFault, 'a b', false, 'a space'],
    [labelValueFault, '', true, 'values may be empty'],
    [labelValueFault, '-x', false, 'starts with a dash'],
  ])('%o of %s: %s', (fault, name, fine, reason) => {
    expect(fault(name) === undefined, reason).toBe(fine);
  });

  it('generates a name from a base', () => {
    expect(generateName('task-', () => 0)).toBe('task-bbbbb');
    expect(generateName('x'.repeat(100), () => 0.999)).toBe(`${'x'.repeat(58)}99999`);
  });
});

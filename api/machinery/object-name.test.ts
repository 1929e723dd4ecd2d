import { describe, expect, it } from 'vitest';
import { generateName, labelValueProblems, qualifiedNameProblems } from './object-name.ts';

describe('rules for names', () => {
  it.each([
    [qualifiedNameProblems, 'agent.wecode.io/task', true, 'a prefix'],
    [qualifiedNameProblems, '/task', false, 'an empty prefix'],
    [qualifiedNameProblems, 'A.io/task', false, 'a prefix is lower case'],
    [qualifiedNameProblems, 'a b', false, 'a space'],
    [labelValueProblems, '', true, 'values may be empty'],
    [labelValueProblems, '-x', false, 'starts with a dash'],
  ])('%o of %s: %s', (problems, name, fine, reason) => {
    expect(problems(name).length === 0, reason).toBe(fine);
  });

  it('generates a name from a base', () => {
    expect(generateName('task-', () => 0)).toBe('task-bbbbb');
    expect(generateName('x'.repeat(100), () => 0.999)).toBe(`${'x'.repeat(58)}99999`);
  });
});

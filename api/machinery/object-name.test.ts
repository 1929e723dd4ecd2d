import { describe, expect, it } from 'vitest';
import {
  dnsLabelFault,
  dnsSubdomainFault,
  generateName,
  labelValueFault,
  pathSegmentFault,
  qualifiedNameFault,
} from './object-name.ts';

describe('rules for names', () => {
  it.each([
    [pathSegmentFault, 'ClaudeCode', true, 'the reason for the rule'],
    [pathSegmentFault, 'agent 7 é', true, 'anything that fits a path'],
    [pathSegmentFault, '..', false, 'another folder'],
    [pathSegmentFault, 'a/b', false, 'two segments'],
    [pathSegmentFault, 'a%2Fb', false, 'would be decoded'],
    [pathSegmentFault, 'a\nb', false, 'cannot be printed'],
    [pathSegmentFault, 'é'.repeat(127), false, 'the limit counts bytes'],
    [pathSegmentFault, 'x'.repeat(253), true, 'the longest name'],
    [dnsSubdomainFault, 'a.b-c.d', true, 'labels with dots'],
    [dnsSubdomainFault, 'A', false, 'lower case only'],
    [dnsSubdomainFault, 'a..b', false, 'an empty label'],
    [dnsLabelFault, 'a.b', false, 'one label'],
    [dnsLabelFault, 'a-1', true, 'a namespace'],
    [qualifiedNameFault, 'agent.wecode.io/task', true, 'a prefix'],
    [qualifiedNameFault, '/task', false, 'an empty prefix'],
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

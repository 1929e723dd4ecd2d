import { describe, expect, it } from 'vitest';
import { changedLine, effectiveText, unifiedDiff } from './effective-text.ts';

const step = (more: object = {}) => ({
  id: 's0',
  agent: { systemPrompt: 'a', botName: 'b' },
  shell: { type: 'Chat' },
  ...more,
});
const spec = (nodes: object[], more: object = {}) => ({
  teamRef: { name: 't' },
  mode: 'solo',
  nodes,
  ...more,
});

describe('what changed, in a line', () => {
  it.each([
    ['nothing', spec([step()]), spec([step()]), ''],
    ['of another Team, placed elsewhere', spec([step()]), spec([step()], { placement: {} }), ''],
    [
      'fields of a step',
      spec([step()]),
      spec([step({ agent: { systemPrompt: 'c', botName: 'b' }, prompt: 'p' })]),
      's0: agent.systemPrompt, prompt',
    ],
    ['steps', spec([step()]), spec([step({ id: 's1' })]), 's0 removed; s1 added'],
    [
      'a member, and what holds for all',
      spec([], { members: { ann: step() } }),
      spec([], { mode: 'route', members: { ann: step({ shell: { type: 'Codex' } }) } }),
      'members.ann: shell.type; mode',
    ],
    ['the Workspace', spec([step()]), spec([step()], { workspace: { gitUrl: 'u' } }), 'workspace'],
  ])('%s', (_reason, before, after, want) => {
    expect(changedLine(before, after)).toBe(want);
  });
});

it('is shown by the names of the steps', () => {
  expect(effectiveText({ content: spec([step()]) })).toBe(
    'mode: solo\nsteps:\n  s0:\n    agent:\n      botName: b\n      systemPrompt: a\n    shell:\n      type: Chat\n',
  );
  expect(effectiveText({ problem: 'Bot "x" not found.' })).toBe('# Bot "x" not found.\n');
});

it('is compared line by line', () => {
  const before = { name: 'old', text: 'a\nb\n' };
  expect(unifiedDiff(before, { name: 'new', text: 'a\nb\n' })).toBe('');
  expect(unifiedDiff(before, { name: 'new', text: 'a\nc\n' })).toBe(
    '--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n',
  );
});

import { describe, expect, it } from 'vitest';
import type { Conversation } from './conversation.ts';
import { parseScript } from './load-script.ts';
import { createMatcher } from './match.ts';

const CONVERSATION: Conversation = {
  model: 'claude-sonnet-4-5',
  stream: false,
  system: 'You are helpful.\n - Primary working directory: /srv/repo\n',
  tools: ['Read', 'Edit'],
  namespaces: [],
  lastRole: 'user',
  prompt: 'Please fix issue 42 in README',
  turn: 1,
  said: '',
  toolResults: [],
  images: [],
  inputTokens: 10,
};

const AFTER_TOOL: Conversation = {
  ...CONVERSATION,
  lastRole: 'tool',
  turn: 2,
  toolResults: [
    { name: 'Read', text: 'old', isError: false },
    { name: 'Edit', text: 'not found', isError: true },
  ],
  images: ['image/png, 2 bytes, sha256 0a1b2c3d4e5f'],
};

function replyOf(yaml: string, conversation: Conversation): string | undefined {
  return createMatcher(parseScript(yaml)).answer(conversation)?.step.reply;
}

describe('createMatcher', () => {
  it.each([
    { when: '{}', first: true, after: true },
    { when: '{ contains: fix }', first: true, after: true },
    { when: '{ contains: [fix, README] }', first: true, after: true },
    { when: '{ contains: [fix, other] }', first: false, after: false },
    { when: '{ matches: "issue \\\\d+" }', first: true, after: true },
    { when: '{ matches: "^issue" }', first: false, after: false },
    { when: '{ turn: 2 }', first: false, after: true },
    { when: '{ lastRole: user }', first: true, after: false },
    { when: '{ tool: Edit }', first: false, after: true },
    { when: '{ tool: Read }', first: false, after: false },
    { when: '{ hasToolResult: false }', first: true, after: false },
    { when: '{ toolResult: not }', first: false, after: true },
    { when: '{ toolFailed: true }', first: false, after: true },
    { when: '{ toolFailed: false }', first: false, after: false },
    { when: '{ system: helpful }', first: true, after: true },
    { when: '{ model: haiku }', first: false, after: false },
    { when: '{ hasImage: true }', first: false, after: true },
    { when: '{ hasImage: false }', first: true, after: false },
    { when: '{ image: image/png }', first: false, after: true },
    { when: '{ image: [image/png, 3 bytes] }', first: false, after: false },
    { when: '{ offersTool: Read }', first: true, after: true },
    { when: '{ offersTool: Bash }', first: false, after: false },
  ])('$when', ({ when, first, after }) => {
    const yaml = `[{ when: ${when}, reply: yes! }]`;
    expect(replyOf(yaml, CONVERSATION) !== undefined, 'first turn').toBe(first);
    expect(replyOf(yaml, AFTER_TOOL) !== undefined, 'after tools').toBe(after);
  });

  it('takes the first rule that matches, each as often as it may', () => {
    const matcher = createMatcher(parseScript('[{ times: 2, reply: a }, { times: 1, reply: b }]'));
    const replies = [1, 2, 3, 4].map(() => matcher.answer(CONVERSATION)?.step.reply);
    expect(replies).toEqual(['a', 'a', 'b', undefined]);
  });

  it('gives one step per turn and stays with the last', () => {
    const yaml = '[{ steps: [{ reply: one }, { reply: two }] }]';
    expect([1, 2, 3].map((turn) => replyOf(yaml, { ...CONVERSATION, turn }))).toEqual(['one', 'two', 'two']);
  });

  it.each([
    { template: '{{prompt}}!', result: 'Please fix issue 42 in README!' },
    { template: '{{ cwd }}/a', result: '/srv/repo/a' },
    { template: '{{1}} {{issue}} {{0}}', result: '42 42 issue 42' },
    { template: '{{model}} {{turn}}', result: 'claude-sonnet-4-5 2' },
    { template: '{{toolResult}}', result: 'not found' },
    { template: '{{unknown}} {{', result: '{{unknown}} {{' },
  ])('fills $template', ({ template, result }) => {
    const yaml = JSON.stringify([
      {
        when: { matches: 'issue (?P<issue>\\d+)' },
        reply: template,
        toolCall: { name: 'T', input: { a: [template] } },
      },
    ]);
    const step = createMatcher(parseScript(yaml)).answer(AFTER_TOOL)?.step;
    expect(step?.reply).toBe(result);
    expect(step?.toolCalls[0]?.input).toEqual({ a: [result] });
  });
});

describe('the rest of an answer whose stream broke', () => {
  it.each([
    {
      why: 'is what the client does not have yet',
      said: 'Built for ',
      reply: 'Built for you.',
      rest: 'you.',
    },
    { why: 'may be nothing', said: 'Built.', reply: 'Built.', rest: '' },
    { why: 'is the whole of another answer', said: 'Planned', reply: 'Built.', rest: 'Built.' },
  ])('$why', ({ said, reply, rest }) => {
    expect(replyOf(JSON.stringify([{ when: {}, reply }]), { ...CONVERSATION, said })).toBe(rest);
  });
});

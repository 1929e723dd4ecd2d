import { describe, expect, it } from 'vitest';
import { CutAnswer } from './cut-answer.ts';
import type { StreamMessage } from './stream-messages.ts';

const says = (text: string, parent: string | null = null): StreamMessage => ({
  type: 'assistant',
  message: { content: [{ type: 'text', text }] },
  parent_tool_use_id: parent,
});
const calls: StreamMessage = { type: 'assistant', message: { content: [{ type: 'tool_use', id: 't' }] } };
const toolResult: StreamMessage = { type: 'user', message: { content: [{ type: 'tool_result' }] } };
const user = (text: string, isSynthetic: boolean): StreamMessage => ({
  type: 'user',
  message: { content: [{ type: 'text', text }] },
  isSynthetic,
});
/** As Claude Code 2.1.329 words it. */
const resume = user('Your response above was cut off mid-stream. Resume directly from where it stops.', true);

describe('an answer of Claude Code', () => {
  it.each<{ why: string; messages: StreamMessage[]; rest: string; whole: string }>([
    { why: 'is the result where nothing was cut', messages: [says('all')], rest: 'all', whole: 'all' },
    { why: 'has what came before the cut', messages: [says('one '), resume], rest: 'two', whole: 'one two' },
    { why: 'is over when it was cut at its end', messages: [says('all'), resume], rest: '', whole: 'all' },
    {
      why: 'is over too when the program asks again for words',
      messages: [says('all'), resume, user('[Your previous response had no visible output.]', true)],
      rest: '',
      whole: 'all',
    },
    {
      why: 'may be cut twice',
      messages: [says('one '), resume, says('two '), resume],
      rest: 'three',
      whole: 'one two three',
    },
    {
      why: 'does not begin with the words before a tool call',
      messages: [says('I look. '), resume, calls, toolResult],
      rest: 'found',
      whole: 'found',
    },
    {
      why: 'does not begin with words before a message of the program about something else',
      messages: [says('one'), user('The skill is loaded.', true)],
      rest: 'two',
      whole: 'two',
    },
    {
      why: 'is not continued by the words of a person',
      messages: [says('one'), user('Resume directly, please.', false)],
      rest: 'two',
      whole: 'two',
    },
    {
      why: 'has no words of agents that it has started',
      messages: [says('theirs', 't1'), resume],
      rest: 'mine',
      whole: 'mine',
    },
  ])('$why', ({ messages, rest, whole }) => {
    const answer = new CutAnswer();
    for (const message of messages) answer.read(message);
    expect(answer.whole(rest)).toBe(whole);
    expect(answer.whole('next'), 'the next turn begins again').toBe('next');
  });
});

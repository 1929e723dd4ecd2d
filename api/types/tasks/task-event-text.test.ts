import { describe, expect, it } from 'vitest';
import type { TaskEvent, TaskEventType } from './task-event.ts';
import { createTaskEventText } from './task-event-text.ts';
import type { TaskEventTextOptions } from './task-event-text.ts';

type Short = [type: TaskEventType, data: Record<string, unknown>];

function render(events: Short[], options?: TaskEventTextOptions): string {
  const text = createTaskEventText(options);
  const parts = events.map(([type, data], index): string => {
    const event: TaskEvent = {
      seq: index + 1,
      sourceSeq: index + 1,
      source: 't-s1-a1',
      time: `T${index + 1}`,
      type,
      data,
    };
    return text.add(event);
  });
  return parts.join('') + text.end();
}

describe('createTaskEventText', () => {
  it.each<{ reason: string; events: Short[]; options?: TaskEventTextOptions; want: string }>([
    {
      reason: 'parts of a sentence run together',
      events: [
        ['text', { text: 'Hel' }],
        ['text', { text: 'lo\nwor' }],
        ['text', { text: 'ld' }],
      ],
      want: 'Hello\nworld\n',
    },
    {
      reason: 'other events begin a line of their own',
      events: [
        ['status', { phase: 'Running', executor: 'laptop' }],
        ['text', { text: 'Let me look.' }],
        ['tool_call', { name: 'Edit', input: { file_path: 'README.md', old: 'x' } }],
        ['tool_result', { output: 'ok\n' }],
        ['text', { text: 'Done.\n' }],
        ['result', { phase: 'Succeeded' }],
      ],
      want: '# t-s1-a1: Running on laptop\nLet me look.\n> Edit README.md\n  ok\nDone.\n# t-s1-a1: Succeeded\n',
    },
    {
      reason: 'long output is cut',
      events: [['tool_result', { output: '1\n2\n3\n4\n5\n6', isError: true }]],
      want: '! 1\n! 2\n! 3\n! 4\n! ... 2 more lines\n',
    },
    {
      reason: 'usage and thinking are left out',
      events: [
        ['usage', { inputTokens: 1 }],
        ['thinking', { text: 'hm' }],
      ],
      want: '',
    },
    {
      reason: 'thinking on request',
      events: [['thinking', { text: 'a\nb' }]],
      options: { thinking: true },
      want: '~ a\n~ b\n',
    },
    {
      reason: 'each line has the time of the event it began in',
      events: [
        ['text', { text: 'a\nb' }],
        ['text', { text: 'c\nd\n' }],
        ['error', { reason: 'ModelError', message: 'overloaded' }],
      ],
      options: { timestamps: true },
      want: 'T1 a\nT1 bc\nT2 d\nT3 error: ModelError: overloaded\n',
    },
    {
      reason: 'a diff is a summary',
      events: [['diff', { filesChanged: 1, branch: 'troupe/x', headCommit: '0123456789abcdef' }]],
      want: '# 1 file changed on troupe/x (0123456789ab)\n',
    },
    {
      reason: 'a diff of several events has one summary',
      events: [
        ['diff', { filesChanged: 2, branch: 'b', headCommit: '01', diff: '+1\n', part: 1, parts: 2 }],
        ['diff', { diff: '+2\n', part: 2, parts: 2 }],
      ],
      options: { diff: true },
      want: '# 2 files changed on b (01)\n+1\n+2\n',
    },
    {
      reason: 'a diff says what it leaves out',
      events: [
        [
          'diff',
          { filesChanged: 9, branch: 'b', truncated: true, leftOut: { files: 7, names: ['a.bin', 'b.bin'] } },
        ],
      ],
      want: '# 9 files changed on b (no commit)\n# The diff leaves out 7 files, which the next step has: a.bin, b.bin and 5 more\n',
    },
    {
      reason: 'a diff of an older version that was cut',
      events: [['diff', { filesChanged: 1, branch: 'b', headCommit: '01', truncated: true }]],
      want: '# 1 file changed on b (01)\n# The diff is cut off.\n',
    },
    {
      reason: 'a diff is whole when asked for',
      events: [
        ['diff', { filesChanged: 1, branch: 'b', headCommit: '01', diff: '--- a/x\n+++ b/x\n-y\n+z\n' }],
      ],
      options: { diff: true },
      want: '# 1 file changed on b (01)\n--- a/x\n+++ b/x\n-y\n+z\n',
    },
  ])('$reason', ({ events, options, want, reason }) => {
    expect(render(events, options), reason).toBe(want);
  });

  it('says whose words follow when agents work side by side, and only then', () => {
    const text = createTaskEventText();
    const add = (source: string, type: TaskEventType, data: Record<string, unknown>): string =>
      text.add({ seq: 1, sourceSeq: 1, source, time: 'T', type, data });
    const told = [
      add('a', 'status', { phase: 'Running' }),
      add('a', 'text', { text: 'Hel' }),
      add('b', 'status', { phase: 'Running' }),
      add('b', 'text', { text: 'Hi' }),
      add('a', 'usage', {}),
      add('b', 'text', { text: '!' }),
      add('a', 'text', { text: 'lo\n' }),
      add('b', 'tool_call', { name: 'Read' }),
      add('a', 'result', { phase: 'Succeeded' }),
      text.end(),
    ];
    expect(told.join('')).toBe(
      '# a: Running\nHel\n# b: Running\nHi!\n# a:\nlo\n# b:\n> Read\n# a: Succeeded\n',
    );
  });
});

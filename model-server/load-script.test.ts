import { describe, expect, it } from 'vitest';
import { ScriptError, loadScript, parseScript } from './load-script.ts';

describe('parseScript', () => {
  it('reads a list of rules, with defaults', () => {
    const script = parseScript(`
- when: { contains: hello, turn: 2 }
  times: 1
  reply: Hi
  delay: 1.5s
- steps:
    - toolCall: { name: Read, input: { file_path: a } }
    - reply: done
      close: true
`);
    expect(script.models).toEqual(['scripted-model']);
    expect(script.rules).toEqual([
      {
        name: 'rule 1',
        when: { contains: ['hello'], turn: 2 },
        times: 1,
        steps: [
          { reply: 'Hi', toolCalls: [], delayMs: 1500, chunkDelayMs: 0, pauseMs: 0, ending: 'complete' },
        ],
      },
      {
        name: 'rule 2',
        when: {},
        steps: [
          {
            toolCalls: [{ name: 'Read', input: { file_path: 'a' } }],
            delayMs: 0,
            chunkDelayMs: 0,
            pauseMs: 0,
            ending: 'complete',
          },
          { reply: 'done', toolCalls: [], delayMs: 0, chunkDelayMs: 0, pauseMs: 0, ending: 'close' },
        ],
      },
    ]);
  });

  it.each([
    { reason: 'no rules', yaml: '[]', says: 'line 1: script: at least one rule is needed' },
    { reason: 'a scalar', yaml: 'hello', says: 'line 1: script: must be a mapping' },
    { reason: 'broken YAML', yaml: '- reply: "a', says: 'line 1: Missing closing "quote' },
    {
      reason: 'a misspelt field',
      yaml: '- reply: a\n- when:\n    contain: x\n  reply: b',
      says: 'line 3: [1].when.contain: unknown field; known are contains, toolResult',
    },
    { reason: 'nothing to say', yaml: '- when: { turn: 1 }', says: 'line 1: [0]: says nothing' },
    { reason: 'a bad pattern', yaml: '- when: { matches: "(" }\n  reply: a', says: 'not an RE2 pattern' },
    { reason: 'a bad status', yaml: '- error: { status: 200 }', says: '[0].error.status: must be a whole' },
    {
      reason: 'a bad delay',
      yaml: '- reply: a\n  delay: soon',
      says: 'line 2: [0].delay: must be a duration',
    },
    {
      reason: 'two shapes at once',
      yaml: '- reply: a\n  steps: [{ reply: b }]',
      says: '[0].reply: cannot stand beside steps',
    },
    {
      reason: 'a tool without a name',
      yaml: '- toolCall: { input: {} }',
      says: 'toolCall.name: is required',
    },
    {
      reason: 'an unknown failure',
      yaml: '- failure: { kind: tired }',
      says: '[0].failure.kind: must be one of auth, ',
    },
    { reason: 'an unknown stop', yaml: '- { reply: a, stop: soon }', says: '[0].stop: must be one of ' },
    { reason: 'an event without bytes', yaml: '- eventBytes: 0', says: '[0].eventBytes: must be a whole' },
    { reason: 'nothing to repeat', yaml: '- endless: true', says: '[0].endless: needs a reply' },
    { reason: 'hang and close', yaml: '- { hang: true, close: true }', says: 'cannot stand beside hang' },
  ])('names line and field for $reason', ({ yaml, says }) => {
    expect(() => parseScript(yaml)).toThrow(ScriptError);
    expect(() => parseScript(yaml)).toThrow(says);
  });

  it('names a file that cannot be read', async () => {
    await expect(loadScript('/nowhere/script.yaml')).rejects.toThrow(
      '/nowhere/script.yaml: cannot be read (ENOENT)',
    );
  });
});

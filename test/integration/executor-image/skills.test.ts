import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSkill } from '#executor-manager/protocol/skill';
import { file, SKILL_TEXT } from '#skill-packages/made-up';
import { packFiles } from '#skill-packages/skill-package';
import { modelService } from '../../kit/model-script.ts';
import { startRunner } from '../../kit/runner.ts';
import type { Runner, RunWithModel } from '../../kit/runner.ts';

/** The real Claude Code program with skills, driven by the runner, against a scripted model. */
const SCRIPT = `
- when: { contains: use the skill }
  steps:
    - toolCall: { name: Skill, input: { skill: 'troupe:pdf' } }
    - reply: 'It said: {{toolResult}}'
- when: { contains: write the report }
  steps:
    - toolCall: { name: Bash, input: { command: 'echo done > report.txt', description: Write } }
    - reply: Written.
- when: { contains: cheat }
  steps:
    - toolCall:
        name: Bash
        input:
          command: 'f=$(find /tmp -path "*/pdf/scripts/check.sh" 2>/dev/null | head -1); chmod -R u+w $(dirname $f) && echo "exit 0" > $f; cat $f'
          description: Cheat
    - reply: 'Done: {{toolResult}}'
- when: { system: Open the file. }
  reply: I was told how.
- reply: 'You said {{prompt}}'
`;

/** Holds when the agent has written its report and was given a language. */
const CHECK =
  '#!/bin/sh\necho "$TROUPE_SKILL_PARAMETERS" | grep -q fr || exit 3\ntest -f report.txt || { echo no report; exit 4; }\n';

const stack = new AsyncDisposableStack();
let model: string;
beforeAll(async () => {
  model = stack.use(await modelService(SCRIPT)).url;
});
afterAll(() => stack.disposeAsync());

async function putSkill(runner: Runner, more: Partial<RunSkill> = {}): Promise<RunSkill> {
  const files = [file('SKILL.md', SKILL_TEXT), file('scripts/check.sh', CHECK, true)];
  const { zip, contentHash } = await packFiles(files);
  const hash = contentHash.slice('sha256:'.length);
  const body = new Uint8Array(zip);
  const answer = await runner.fetch(`/v1/skills/${hash}?name=pdf`, { method: 'PUT', body });
  expect(answer.status).toBe(204);
  return { name: 'pdf', hash, description: 'Reads PDF files.', ...more };
}

const request = (prompt: string, skill: RunSkill): RunWithModel => ({
  shell: { type: 'ClaudeCode' },
  agent: { name: 'Ada', systemPrompt: 'You are careful.', skills: [skill] },
  model: { protocol: 'anthropic', name: 'scripted-model', baseURL: model, apiKey: 'key' },
  prompt,
  timeoutSeconds: 60,
});

const after = { name: 'reported', when: 'after' as const, command: ['./scripts/check.sh'] };

describe('a skill of Claude Code', () => {
  it('is found by the program, whatever settings it reads', async () => {
    await using runner = await startRunner();
    const { state } = await runner.finish('skill', request('Please use the skill', await putSkill(runner)));
    expect(state.result?.value).toContain('troupe:pdf');
  });

  it('is part of the system prompt when it is preloaded', async () => {
    await using runner = await startRunner();
    const skill = await putSkill(runner, { preload: true });
    const { state } = await runner.finish('preload', request('Hello', skill));
    expect(state.result?.value).toBe('I was told how.');
  });
});

describe('the checks of a skill', () => {
  it.each<{ reason: string; prompt: string; skill: Partial<RunSkill>; want: object; says?: string }>([
    {
      reason: 'what holds is told',
      prompt: 'write the report',
      skill: {
        parameters: { language: 'fr' },
        checks: [after, { name: 'sh', when: 'before', command: ['sh', '-c', 'true'] }],
      },
      want: { phase: 'Succeeded' },
    },
    {
      reason: 'one that does not hold beforehand keeps the agent from starting',
      prompt: 'write the report',
      skill: {
        checks: [{ name: 'tool', when: 'before', command: ['sh', '-c', 'echo needs pdftotext; exit 1'] }],
      },
      want: { phase: 'Failed', reason: 'StartFailed' },
      says: 'check "tool" of the skill pdf does not hold: it ended with code 1: needs pdftotext',
    },
    {
      reason: 'a program that is not there',
      prompt: 'write the report',
      skill: { checks: [{ name: 'tool', when: 'before', command: ['/no/such/program'] }] },
      want: { phase: 'Failed', reason: 'StartFailed' },
      says: 'check "tool" of the skill pdf does not hold',
    },
    {
      reason: 'one that takes too long',
      prompt: 'write the report',
      skill: { checks: [{ name: 'slow', when: 'before', command: ['sleep', '60'], timeoutSeconds: 1 }] },
      want: { phase: 'Failed', reason: 'StartFailed' },
      says: 'it took longer than 1 s',
    },
    {
      reason: 'one that does not hold afterwards fails the run',
      prompt: 'Hello',
      skill: { parameters: { language: 'fr' }, checks: [after] },
      want: { phase: 'Failed', reason: 'AssertionFailed' },
      says: 'check "reported" of the skill pdf does not hold: it ended with code 4: no report',
    },
    {
      reason: 'one that the agent has rewritten does not count',
      prompt: 'cheat',
      skill: { parameters: { language: 'fr' }, checks: [after] },
      want: { phase: 'Failed', reason: 'AssertionFailed' },
      says: 'the file scripts/check.sh of the skill was changed',
    },
  ])('$reason', async ({ prompt, skill, want, says = '' }) => {
    await using runner = await startRunner();
    const { state, events } = await runner.finish('checks', request(prompt, await putSkill(runner, skill)));
    expect(state, JSON.stringify(events)).toMatchObject(want);
    expect(state.message ?? '').toContain(says);
  });
});

import { IN_THE_MIDDLE, signal } from '../deeds.ts';
import { effect, json, leader, member, ONCE, said, worked, worker } from './cast.ts';
import type { Scenario } from '../scenario.ts';

const PARTS = {
  type: 'object',
  required: ['parts'],
  properties: { parts: { type: 'array', items: { type: 'string' } } },
};
const GOOD = { type: 'object', required: ['good'], properties: { good: { type: 'boolean' } } };

/** A list worked on side by side, a loop, a wait and a script. */
const flow: Scenario = {
  name: 'flow',
  agents: {
    splitter: { shell: 'Chat', rules: [{ steps: worked('splitter', json({ parts: ['left', 'right'] })) }] },
    maker: worker('maker', 'Made'),
    judge: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['Look once more 2'] }, steps: worked('judge', json({ good: true })) },
        { steps: worked('judge', json({ good: false })) },
      ],
    },
  },
  team: {
    members: [member('splitter'), member('maker'), member('judge')],
    collaborationRef: { name: 'flow' },
  },
  workflow: () => ({
    type: 'workflow',
    steps: [
      { name: 'split', participants: ['splitter'], outputSchema: PARTS },
      {
        ...{ name: 'make', participants: ['maker'], dependsOn: ['split'] },
        forEach: { items: 'steps.split.output.parts' },
        prompt: 'Make {{item}}. {{task.prompt}}',
      },
      { name: 'rest', dependsOn: ['split'], wait: { seconds: 1 } },
      { name: 'count', dependsOn: ['make'], action: { script: { run: 'echo counted' } } },
      {
        ...{ name: 'judge', participants: ['judge'], dependsOn: ['make', 'rest'], outputSchema: GOOD },
        repeat: { until: 'self.output.good', maxIterations: 3 },
        prompt: 'Look once more {{iteration}}. {{task.prompt}}',
      },
    ],
    outputs: { good: 'steps.judge.output.good', count: 'steps.count.value' },
  }),
  expected: () => ({
    status: 'COMPLETED',
    value: json({ count: 'counted', good: true }),
    withoutEffect: ['count'],
    steps: {
      ...{ split: ONCE, 'make, item 1': ONCE, 'make, item 2': ONCE, rest: ONCE, count: ONCE },
      ...{ 'judge, iteration 1': ONCE, 'judge, iteration 2': ONCE },
    },
  }),
};

/** A script fails until an agent has put things right; the loop goes on with the agent in its session, and with its files. */
const loop: Scenario = {
  name: 'loop',
  agents: {
    fixer: {
      shell: 'ClaudeCode',
      rules: [
        {
          steps: [
            { ...effect('fixer'), delay: '200ms' },
            {
              toolCall: {
                name: 'Bash',
                input: { command: 'echo fixed >> fixed.txt', description: 'Fix it' },
              },
            },
            { reply: said('Fixed', '{{task}}') },
          ],
        },
      ],
    },
  },
  team: { members: [member('fixer')], collaborationRef: { name: 'loop' } },
  workflow: () => ({
    type: 'workflow',
    steps: [
      {
        ...{ name: 'verify', repeat: { until: 'steps.test.status == "Succeeded"', maxIterations: 4 } },
        steps: [
          { name: 'test', action: { script: { run: 'wc -l < fixed.txt' } }, onFailure: 'Continue' },
          { name: 'fix', dependsOn: ['test.failure'], participants: ['fixer'], sessionFrom: ['fix'] },
        ],
      },
    ],
    outputs: { lines: 'steps.verify.steps.test.value', tries: 'steps.verify.iterations' },
  }),
  expected: () => ({
    status: 'COMPLETED',
    value: json({ lines: '1', tries: 2 }),
    withoutEffect: ['test, iteration 2'],
    steps: {
      ...{ 'test, iteration 1': ['FAILED'], 'fix, iteration 1': ONCE },
      ...{ 'test, iteration 2': ONCE, 'fix, iteration 2': ['SKIPPED'] },
    },
  }),
};

const step = (name: string, participant: string, more: object): object => ({
  ...{
    name,
    participant,
    prompt: `Work on {{task.prompt}}`,
    dependsOn: [],
    when: '',
    forEach: '',
    outputs: [],
  },
  ...{ repeatUntil: '', maxIterations: 0, onFailure: 'Fail', ...more },
});

/** The leader writes the workflow. */
const planned: Scenario = {
  name: 'planned',
  agents: {
    thinker: {
      shell: 'Chat',
      rules: [
        {
          steps: worked(
            'thinker',
            json({
              steps: [
                step('dig', 'worker', { prompt: 'Dig for [[{{task}}]].' }),
                step('tell', 'teller', { prompt: 'Tell of {{steps.dig.value}}', dependsOn: ['dig'] }),
              ],
            }),
          ),
        },
      ],
    },
    worker: worker('worker', 'Dug up', 'ClaudeCode'),
    teller: {
      shell: 'Chat',
      rules: [{ when: { contains: ['Dug up for'] }, steps: worked('teller', said('Told', '{{task}}')) }],
    },
  },
  team: {
    collaborationModel: 'workflow',
    members: [leader('thinker'), member('worker'), member('teller')],
  },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Told', task),
    steps: { plan: ONCE, dig: ONCE, tell: ONCE },
  }),
};

/** It waits for an event, which may come before, and for an Approval. */
const event: Scenario = {
  name: 'event',
  agents: {
    scribe: worker('scribe', 'Written'),
    printer: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['Print ticket 7'] }, steps: worked('printer', said('Printed', '{{task}}')) },
      ],
    },
  },
  team: { members: [member('scribe'), member('printer')], collaborationRef: { name: 'event' } },
  workflow: () => ({
    type: 'workflow',
    steps: [
      { name: 'write', participants: ['scribe'] },
      { name: 'word', dependsOn: ['write'], wait: { event: { name: 'go' } } },
      { name: 'sign', dependsOn: ['write'], wait: { approval: { message: 'Shall it be printed?' } } },
      {
        ...{ name: 'print', participants: ['printer'], dependsOn: ['word', 'sign'] },
        prompt: 'Print ticket {{steps.word.output.ticket}}. {{task.prompt}}',
      },
    ],
    outputs: { ticket: 'steps.word.output.ticket', text: 'steps.print.value' },
  }),
  deeds: [signal('go', { ticket: 7 }, IN_THE_MIDDLE)],
  expected: (task) => ({
    status: 'COMPLETED',
    value: json({ text: said('Printed', task), ticket: 7 }),
    withoutEffect: ['word', 'sign'],
    steps: { write: ONCE, word: ONCE, sign: ONCE, print: ONCE },
  }),
};

export const WORKFLOWS: readonly Scenario[] = [flow, loop, planned, event];

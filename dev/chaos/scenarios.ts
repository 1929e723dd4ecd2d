import type { TeamMember } from '#api/types/generated/team';
import { said, worked, worker } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const member = (name: string, more: Partial<TeamMember> = {}): TeamMember => ({
  name,
  botRef: { name },
  ...more,
});
const leader = (name: string): TeamMember => member(name, { role: 'leader' });
const chain = (name: string): TeamMember => member(name, { contextPassing: 'original_and_previous' });

const ONCE = ['COMPLETED'];
const TWICE = ['COMPLETED', 'COMPLETED'];
const json = (value: object): string => JSON.stringify(value);

const talk: Scenario = {
  name: 'talk',
  agents: { talker: worker('talker', 'Said') },
  team: { collaborationModel: 'solo', members: [leader('talker')] },
  expected: (task) => ({ status: 'COMPLETED', value: said('Said', task), steps: { talker: ONCE } }),
};

const code: Scenario = {
  name: 'code',
  agents: { coder: worker('coder', 'Built', 'ClaudeCode') },
  team: { collaborationModel: 'solo', members: [leader('coder')] },
  expected: (task) => ({ status: 'COMPLETED', value: said('Built', task), steps: { coder: ONCE } }),
};

const line: Scenario = {
  name: 'line',
  agents: {
    planner: worker('planner', 'Planned'),
    builder: worker('builder', 'Built', 'ClaudeCode'),
    checker: {
      shell: 'Chat',
      rules: [{ when: { contains: ['Built for'] }, steps: worked('checker', said('Checked', '{{task}}')) }],
    },
  },
  team: { collaborationModel: 'pipeline', members: [chain('planner'), chain('builder'), chain('checker')] },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Checked', task),
    steps: { planner: ONCE, builder: ONCE, checker: ONCE },
  }),
};

const wrong: Scenario = {
  name: 'wrong',
  agents: {
    starter: worker('starter', 'Begun'),
    failer: { shell: 'Chat', rules: [{ steps: [{ error: { status: 400, message: 'scripted to fail' } }] }] },
    idler: worker('idler', 'Never said'),
  },
  team: { collaborationModel: 'pipeline', members: [chain('starter'), chain('failer'), chain('idler')] },
  expected: () => ({
    status: 'FAILED',
    message: 'scripted to fail',
    steps: { starter: ONCE, failer: ['FAILED'], idler: ['CANCELLED'] },
  }),
};

const route: Scenario = {
  name: 'route',
  agents: {
    router: {
      shell: 'Chat',
      rules: [
        {
          steps: worked('router', json({ member: 'right', reason: 'It fits.', instructions: 'Be quick.' })),
        },
      ],
    },
    left: worker('left', 'Never said'),
    right: worker('right', 'Answered'),
  },
  team: { collaborationModel: 'route', members: [leader('router'), member('left'), member('right')] },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Answered', task),
    steps: { router: ONCE, right: ONCE },
  }),
};

const assigned = (name: string): object => ({ member: name, task: `Dig for [[{{task}}]] as ${name}.` });

/** Two rounds: two members dig side by side, then the first goes on with its own work. */
const coordinate: Scenario = {
  name: 'coordinate',
  agents: {
    chief: {
      shell: 'Chat',
      rules: [
        {
          when: { contains: ['Deepened for'] },
          steps: worked('chief', json({ assignments: [], answer: 'Found for [[{{task}}]].' })),
        },
        {
          when: { contains: ['Dug for', 'Drilled for'] },
          steps: worked(
            'chief',
            json({
              assignments: [{ member: 'digger', task: 'Go deeper for [[{{task}}]].', continues: 'work-1-1' }],
              answer: '',
            }),
          ),
        },
        {
          steps: worked(
            'chief',
            json({ assignments: [assigned('digger'), assigned('driller')], answer: '' }),
          ),
        },
      ],
    },
    digger: {
      shell: 'ClaudeCode',
      rules: [
        { when: { contains: ['Go deeper'] }, steps: worked('digger', said('Deepened', '{{task}}')) },
        { steps: worked('digger', said('Dug', '{{task}}')) },
      ],
    },
    driller: worker('driller', 'Drilled'),
  },
  team: { collaborationModel: 'coordinate', members: [leader('chief'), member('digger'), member('driller')] },
  expected: (task) => ({
    status: 'COMPLETED',
    value: `Found for [[${task}]].`,
    steps: { chief: [...TWICE, 'COMPLETED'], digger: TWICE, driller: ONCE },
  }),
};

const turn = (agree: boolean): string => json({ message: 'I speak for [[{{task}}]].', agree });

/** They agree in the second round. */
const collaborate: Scenario = {
  name: 'collaborate',
  agents: {
    host: worker('host', 'Concluded'),
    ann: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['(round 1)'] }, steps: worked('ann', turn(true)) },
        { steps: worked('ann', turn(false)) },
      ],
    },
    ben: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['(round 2)'] }, steps: worked('ben', turn(true)) },
        { steps: worked('ben', turn(false)) },
      ],
    },
  },
  team: { collaborationModel: 'collaborate', members: [leader('host'), member('ann'), member('ben')] },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Concluded', task),
    steps: { host: ONCE, ann: TWICE, ben: TWICE },
  }),
};

const verdict = (accept: boolean, guidance = ''): string => json({ accept, guidance });

/** The reviewer sends the work back once. */
const review: Scenario = {
  name: 'review',
  agents: {
    author: {
      shell: 'ClaudeCode',
      rules: [
        { when: { contains: ['Say more'] }, steps: worked('author', said('Revised', '{{task}}')) },
        { steps: worked('author', said('Drafted', '{{task}}')) },
      ],
    },
    reviewer: {
      shell: 'Chat',
      rules: [
        { when: { contains: ['Revised for'] }, steps: worked('reviewer', verdict(true)) },
        { steps: worked('reviewer', verdict(false, 'Say more for [[{{task}}]].')) },
      ],
    },
  },
  team: {
    collaborationModel: 'solo',
    members: [member('author'), member('reviewer')],
    quality: { review: { reviewer: 'reviewer', maxCorrections: 2, onRejected: 'Fail' } },
  },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Revised', task),
    steps: { author: TWICE, reviewer: TWICE },
  }),
};

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
  workflow: {
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
  },
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

/** A person confirms the first stage. */
const ask: Scenario = {
  name: 'ask',
  agents: { drafter: worker('drafter', 'Sketched'), finisher: worker('finisher', 'Finished', 'ClaudeCode') },
  team: {
    collaborationModel: 'pipeline',
    members: [
      member('drafter', { contextPassing: 'original_and_previous', requireConfirmation: true }),
      member('finisher'),
    ],
  },
  expected: (task) => ({
    status: 'COMPLETED',
    value: said('Finished', task),
    steps: { drafter: ONCE, finisher: ONCE },
  }),
};

/** A person says one more thing, and the agent goes on in its session. */
const converse: Scenario = {
  name: 'converse',
  agents: {
    partner: {
      shell: 'ClaudeCode',
      rules: [
        { when: { contains: ['And then'] }, steps: worked('partner', said('Added', '{{task}}')) },
        { steps: worked('partner', said('Opened', '{{task}}')) },
      ],
    },
  },
  team: { collaborationModel: 'solo', members: [leader('partner')] },
  followUp: 'And then?',
  expected: (task) => ({ status: 'COMPLETED', value: said('Added', task), steps: { partner: TWICE } }),
};

/** The mix. Whoever adds a way in which Teams work adds a row. */
export const SCENARIOS: readonly Scenario[] = [
  ...[talk, code, line, coordinate, route, collaborate, wrong],
  ...[review, flow, ask, converse],
];

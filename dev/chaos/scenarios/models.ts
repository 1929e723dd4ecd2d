import { json, leader, member, chained, ONCE, said, TWICE, worked, worker } from './cast.ts';
import type { Scenario } from '../scenario.ts';

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
  team: {
    collaborationModel: 'pipeline',
    members: [chained('planner'), chained('builder'), chained('checker')],
  },
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
  team: {
    collaborationModel: 'pipeline',
    members: [chained('starter'), chained('failer'), chained('idler')],
  },
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

/** The simplest ones, and those in which a leader or the members decide. */
export const MODELS: readonly Scenario[] = [talk, code, line, wrong, route, coordinate, collaborate];

import { AT_THE_END, AT_WORK, cancel, IN_THE_MIDDLE, remove, resume, say, SOON, suspend } from '../deeds.ts';
import { chained, leader, member, ONCE, said, TWICE, worked, worker } from './cast.ts';
import type { Agent, Expectation, Scenario } from '../scenario.ts';

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
  deeds: [say('And then?', AT_THE_END)],
  expected: (task) => ({ status: 'COMPLETED', value: said('Added', task), steps: { partner: TWICE } }),
};

/** A person refuses the first stage. */
const refuse: Scenario = {
  name: 'refuse',
  agents: { dreamer: worker('dreamer', 'Dreamt'), doer: worker('doer', 'Never said') },
  team: {
    collaborationModel: 'pipeline',
    members: [member('dreamer', { requireConfirmation: true }), member('doer')],
  },
  decision: { decision: 'Rejected', reason: 'scripted to be refused' },
  expected: () => ({
    status: 'FAILED',
    message: 'scripted to be refused',
    steps: { dreamer: ONCE, doer: ['CANCELLED'] },
  }),
};

/** A person speaks while the agent works: what it was saying does not count. */
const steer = (name: string, shell: Agent['shell']): Scenario => ({
  name,
  agents: {
    [`${name}er`]: {
      shell,
      rules: [
        { when: { contains: ['Turn round'] }, steps: [{ reply: said('Turned', '{{task}}') }] },
        { steps: worked(`${name}er`, said('Went straight on', '{{task}}')) },
      ],
    },
  },
  team: { collaborationModel: 'solo', members: [leader(`${name}er`)] },
  deeds: [say('Turn round!', AT_WORK, { policy: 'Interrupt' })],
  expected: (task) =>
    // It may have come too late, and be answered in a run of its own.
    [ONCE, TWICE].map((ends) => ({
      status: 'COMPLETED',
      value: said('Turned', task),
      withoutEffect: [`${name}er`],
      steps: { [`${name}er`]: ends },
    })),
});

const twoStages = (
  name: string,
  [first, second]: readonly [string, string],
): Pick<Scenario, 'agents' | 'name' | 'team'> => ({
  name,
  agents: { [first]: worker(first, 'Begun'), [second]: worker(second, 'Ended', 'ClaudeCode') },
  team: { collaborationModel: 'pipeline', members: [chained(first), chained(second)] },
});

const COMPLETE = (task: string, [first, second]: readonly [string, string]): Expectation => ({
  status: 'COMPLETED',
  value: said('Ended', task),
  steps: { [first]: ONCE, [second]: ONCE },
});

const STOPPED = ['opener', 'closer'] as const;

/** A person cancels the Task, at any moment: before it has begun, in a step, between two steps, at the very end. */
const stop: Scenario = {
  ...twoStages('stop', STOPPED),
  deeds: [cancel(IN_THE_MIDDLE)],
  expected: (task) => {
    const [first, second] = STOPPED;
    const ends = [
      ['CANCELLED', 'CANCELLED'],
      ['COMPLETED', 'CANCELLED'],
      ['COMPLETED', 'COMPLETED'],
    ] as const;
    const cancelled = ends.map(([one = '', other = '']) => ({ [first]: [one], [second]: [other] }));
    return [
      COMPLETE(task, STOPPED),
      ...[{}, ...cancelled].map((steps) => ({ status: 'CANCELLED' as const, steps })),
    ];
  },
};

const HELD = ['waker', 'sleeper'] as const;

/** A person holds the Task at any moment, and lets it go on. */
const pause: Scenario = {
  ...twoStages('pause', HELD),
  deeds: [suspend(IN_THE_MIDDLE), resume(SOON)],
  expected: (task) => COMPLETE(task, HELD),
};

/** A person removes the Task at any moment. */
const vanish: Scenario = {
  ...twoStages('vanish', ['comer', 'goer']),
  deeds: [remove(IN_THE_MIDDLE)],
  expected: () => undefined,
};

export const PEOPLE: readonly Scenario[] = [
  ...[ask, refuse, converse, stop, pause, vanish],
  ...[steer('steer', 'ClaudeCode'), steer('nudge', 'Chat')],
];

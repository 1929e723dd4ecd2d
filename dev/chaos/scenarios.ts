import type { TeamMember } from '#api/types/generated/team';
import { effect, thoughtful, worker } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const member = (name: string, more: Partial<TeamMember> = {}): TeamMember => ({
  name,
  botRef: { name },
  ...more,
});
const done = ['COMPLETED'] as const;

/** The mix. Whoever adds a way in which Teams work adds a row. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'talk',
    agents: { talker: worker('talker', 'Said for {{task}}.') },
    team: { collaborationModel: 'solo', members: [member('talker', { role: 'leader' })] },
    expected: (task) => ({
      status: 'COMPLETED',
      value: thoughtful(`Said for ${task}.`),
      steps: { talker: done },
    }),
  },
  {
    name: 'code',
    agents: { coder: worker('coder', 'Built for {{task}}.', 'ClaudeCode') },
    team: { collaborationModel: 'solo', members: [member('coder', { role: 'leader' })] },
    expected: (task) => ({
      status: 'COMPLETED',
      value: thoughtful(`Built for ${task}.`),
      steps: { coder: done },
    }),
  },
  {
    name: 'line',
    agents: {
      planner: worker('planner', 'Planned for {{task}}.'),
      builder: worker('builder', 'Built for {{task}}.', 'ClaudeCode'),
      checker: {
        shell: 'Chat',
        rules: [
          {
            when: { contains: ['Built for'] },
            steps: [effect('checker'), { reply: 'Checked for {{task}}.', delay: '200ms' }],
          },
        ],
      },
    },
    team: {
      collaborationModel: 'pipeline',
      members: [
        member('planner', { contextPassing: 'original_and_previous' }),
        member('builder', { contextPassing: 'original_and_previous' }),
        member('checker'),
      ],
    },
    expected: (task) => ({
      status: 'COMPLETED',
      value: `Checked for ${task}.`,
      steps: { planner: done, builder: done, checker: done },
    }),
  },
  {
    name: 'wrong',
    agents: {
      starter: worker('starter', 'Begun for {{task}}.'),
      failer: {
        shell: 'Chat',
        rules: [{ steps: [{ error: { status: 400, message: 'scripted to fail' } }] }],
      },
      idler: worker('idler', 'Never said.'),
    },
    team: {
      collaborationModel: 'pipeline',
      members: [
        member('starter', { contextPassing: 'original_and_previous' }),
        member('failer', { contextPassing: 'original_and_previous' }),
        member('idler'),
      ],
    },
    expected: () => ({
      status: 'FAILED',
      message: 'scripted to fail',
      steps: { starter: done, failer: ['FAILED'], idler: ['CANCELLED'] },
    }),
  },
];

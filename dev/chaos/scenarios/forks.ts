import { fork, removeOther } from '../deeds.ts';
import { TAKEN_OVER } from '../scenario.ts';
import type { Expectation, Scenario } from '../scenario.ts';
import { chained, ONCE, said, worker } from './cast.ts';

/** Three stages with files; the fork goes on behind the first one, and shares its work with the other Task. */
const stages = (
  name: string,
): Pick<Scenario, 'agents' | 'name' | 'team'> & { members: readonly string[] } => {
  const members = ['first', 'second', 'third'].map((stage) => `${name}-${stage}`);
  const shells = ['ClaudeCode', 'Chat', 'ClaudeCode'] as const;
  return {
    ...{ name, members },
    agents: Object.fromEntries(
      members.map((member, index) => [member, worker(member, `Stage ${index + 1}`, shells[index])]),
    ),
    team: { collaborationModel: 'pipeline', members: members.map(chained) },
  };
};

const complete = (
  task: string,
  [first = '', second = '', third = '']: readonly string[],
  firstEnds: readonly string[],
): Expectation => ({
  status: 'COMPLETED',
  value: said('Stage 3', task),
  steps: { [first]: firstEnds, [second]: ONCE, [third]: ONCE },
});

const FORKED = stages('branch');

/** A person forks the Task at some moment after its first step, in its work or after its end. */
const branch: Scenario = {
  ...FORKED,
  deeds: [fork('s0', { name: FORKED.name, expected: (task) => complete(task, FORKED.members, TAKEN_OVER) })],
  expected: (task) => complete(task, FORKED.members, ONCE),
};

const LEFT = stages('orphan');

/** A person forks the Task, and then removes it, whatever it is doing. */
const orphan: Scenario = {
  ...LEFT,
  deeds: [
    fork('s0', {
      ...{ name: LEFT.name, deeds: [removeOther] },
      expected: (task) => complete(task, LEFT.members, TAKEN_OVER),
    }),
  ],
  expected: () => undefined,
};

export const FORKS: readonly Scenario[] = [branch, orphan];

import { expect, it } from 'vitest';
import type { TaskRevision } from '#api/types/generated/task-revision';
import type { Team, TeamSpec } from '#api/types/generated/team';
import { teamSummary } from './summary.ts';

const team = (bots: string[], more: Partial<TeamSpec> = {}): Team => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Team',
  metadata: { name: 't', namespace: 'ns' },
  spec: { members: bots.map((name) => ({ botRef: { name } })), ...more },
});
const revision = { spec: { mode: 'route' } } as TaskRevision;

it.each([
  ['one', team(['a'], { collaborationModel: 'solo' }), undefined, { mode: 'solo', bots: 'a' }],
  [
    'a Bot twice',
    team(['a', 'b', 'a'], { collaborationModel: 'pipeline' }),
    undefined,
    { mode: 'pipeline', bots: 'a,b' },
  ],
  [
    'more than a column has room for',
    team(['a', 'b', 'c', 'd', 'e'], { collaborationModel: 'route' }),
    undefined,
    { mode: 'route', bots: 'a,b,c + 2 more...' },
  ],
  [
    'a Collaboration',
    team(['a'], { collaborationRef: { name: 'c' } }),
    undefined,
    { mode: 'workflow', bots: 'a' },
  ],
  [
    'a pin',
    team(['a'], { collaborationModel: 'solo', revision: 'r' }),
    revision,
    { mode: 'route', bots: 'a' },
  ],
])('the columns of a Team: %s', (_reason, given, pinned, summary) => {
  expect(teamSummary(given, pinned)).toEqual(summary);
});

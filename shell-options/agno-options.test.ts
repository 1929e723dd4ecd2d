import { expect, it } from 'vitest';
import { readAgnoOptions } from './agno-options.ts';
import { InvalidOption } from './invalid-option.ts';

const members = [{ name: 'Ada', role: 'counts' }, { name: 'Bob' }];

it('reads a team, and what is usual', () => {
  expect(readAgnoOptions()).toEqual({ historyRuns: 10, memory: false, tools: true });
  expect(readAgnoOptions({ mode: 'tasks', members, maxIterations: 3, memory: true, tools: false })).toEqual({
    team: { mode: 'tasks', members, maxIterations: 3 },
    historyRuns: 10,
    memory: true,
    tools: false,
  });
});

it.each([
  { options: { modes: 'route' }, says: 'options.modes: is not known; known: mode, ' },
  { options: { mode: 'route' }, says: 'options: a team needs both mode and members' },
  { options: { mode: 'collaborate', members }, says: 'options.mode: must be one of coordinate, ' },
  { options: { mode: 'route', members: [] }, says: 'options.members: must be a list of 1 to 20' },
  { options: { mode: 'route', members: ['Ada'] }, says: 'options.members[0]: must be an object' },
  { options: { mode: 'route', members: [{ role: 'x' }] }, says: 'options.members[0].name: is required' },
  { options: { mode: 'route', members: [{ name: 7 }] }, says: 'options.members[0].name: must be a text' },
  {
    options: { mode: 'route', members: [{ name: 'Ada' }, { name: 'ada' }] },
    says: 'options.members: must have names of their own',
  },
  { options: { historyRuns: -1 }, says: 'options.historyRuns: must be a whole number of 0 to 1000' },
  { options: { memory: 'yes' }, says: 'options.memory: must be true or false' },
])('refuses $options', ({ options, says }) => {
  expect(() => readAgnoOptions(options)).toThrow(InvalidOption);
  expect(() => readAgnoOptions(options)).toThrow(says);
});

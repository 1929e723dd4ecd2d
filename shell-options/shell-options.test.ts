import { expect, it } from 'vitest';
import { optionProblem } from './shell-options.ts';
import type { ShellSettings } from './shell-options.ts';

it.each<[string, ShellSettings, string | undefined]>([
  ['Chat', {}, undefined],
  ['Agno', { options: { memory: true } }, undefined],
  ['Agno', { options: { memory: 'yes' } }, 'options.memory: must be true or false'],
  ['ClaudeCode', { options: { fallbackModel: 'small' } }, undefined],
  ['ClaudeCode', { options: { fallbackModel: 7 } }, 'options.fallbackModel: must be the name of a model'],
  ['ClaudeCode', { options: { memory: true } }, 'options.memory: is not known; known: fallbackModel'],
  [
    'Codex',
    { options: { mode: 'route' } },
    'options.mode: is not known; a Shell of this type has no options',
  ],
  ['Command', { output: { lines: [{ pattern: '^(?P<text>.*)$' }, {}] } }, undefined],
  ['Command', { output: { lines: [{}, { pattern: '(' }] } }, 'output.lines[1].pattern: '],
  ['Command', { output: { lines: [{ pattern: '(?=x)' }] } }, 'output.lines[0].pattern: '],
])('%s %o: %s', (type, settings, problem) => {
  const told = optionProblem(type, settings);
  if (problem === undefined) expect(told).toBeUndefined();
  else expect(told).toContain(problem);
});

import { AFTER_FAILURE, repair } from '../deeds.ts';
import { TOOL_SERVER } from '../manifests.ts';
import { json, member, ONCE, worker } from './cast.ts';
import type { Expectation, Scenario } from '../scenario.ts';

/** Fixed actions: two scripts on the same files, a request, one that is tried again by its step, and a call of a tool. */
const fixed: Scenario = {
  name: 'fixed',
  agents: { namer: worker('namer', 'Named') },
  team: { members: [member('namer')], collaborationRef: { name: 'fixed' } },
  workflow: (desk) => ({
    type: 'workflow',
    steps: [
      { name: 'name', participants: ['namer'] },
      // A lost attempt has left its files to the next one.
      { name: 'stack', action: { script: { run: 'echo one > stack.txt; sleep 1; echo two >> stack.txt' } } },
      { name: 'height', dependsOn: ['stack'], action: { script: { run: 'wc -l < stack.txt' } } },
      {
        ...{ name: 'post', dependsOn: ['name', 'height'] },
        action: { http: { method: 'POST', url: `${desk}/{{task.name}}/post` } },
      },
      {
        ...{ name: 'insist', dependsOn: ['post'], retry: { limit: 2, delaySeconds: 1 } },
        action: { http: { method: 'POST', url: `${desk}/{{task.name}}/insist?failures=2` } },
      },
      {
        ...{ name: 'call', dependsOn: ['insist'] },
        action: {
          mcp: {
            ...{ serverRef: { name: TOOL_SERVER }, tool: 'count' },
            arguments: { task: '{{task.name}}', step: 'call' },
          },
        },
      },
    ],
    outputs: { height: 'steps.height.value', well: 'steps.insist.output.body.well' },
  }),
  // An answer of the desk counts as a failure also where the run that has got it is lost.
  expected: () => [2, 1, 0].map(insisted),
};

function insisted(failures: number): Expectation {
  const times = (end: string): string[] => Array.from({ length: failures }, () => end);
  return {
    status: 'COMPLETED',
    value: json({ height: '2', well: true }),
    asks: ['post', 'call'],
    withoutEffect: ['stack', 'height', 'post', 'insist', 'call'],
    steps: {
      ...{ name: ONCE, stack: ONCE, height: ONCE, post: ONCE, call: ONCE },
      ...{ insist: [...times('FAILED'), 'COMPLETED'], 'insist, pause': times('COMPLETED') },
    },
  };
}

/** A step fails until a person has put right what it fails by and lets it run again; what was done before is not done again. */
const again: Scenario = {
  name: 'again',
  agents: { packer: worker('packer', 'Packed', 'ClaudeCode') },
  team: { members: [member('packer')], collaborationRef: { name: 'again' } },
  workflow: (desk) => ({
    type: 'workflow',
    steps: [
      { name: 'pack', participants: ['packer'] },
      {
        ...{ name: 'send', dependsOn: ['pack'] },
        action: { http: { method: 'POST', url: `${desk}/{{task.name}}/send?failures=all` } },
      },
    ],
    outputs: { well: 'steps.send.output.body.well' },
  }),
  deeds: [repair(AFTER_FAILURE)],
  expected: () => ({
    status: 'COMPLETED',
    value: json({ well: true }),
    asks: ['send'],
    withoutEffect: ['send'],
    steps: { pack: ONCE, send: ONCE },
  }),
};

export const ACTIONS: readonly Scenario[] = [fixed, again];

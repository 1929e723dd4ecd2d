import { expect, it } from 'vitest';
import type { SandboxAction } from '#api/types/generated/sandbox';
import { renderedAction } from './rendered-action.ts';

const values = { steps: { a: { value: '"}/../x?y=1', output: { list: [1, 2] } } }, item: 'one' };

it.each<{ reason: string; given: SandboxAction; want: object }>([
  {
    reason: 'a program stays as it is written',
    given: { script: { run: 'echo {{item}}', env: { ITEM: '<{{item}}>' } } },
    want: { script: { run: 'echo {{item}}', env: { ITEM: '<one>' } } },
  },
  {
    reason: 'a text that is one placeholder becomes the value itself',
    given: {
      script: { command: ['true'], inputs: { list: '{{steps.a.output.list}}', deep: [{ x: '{{item}}' }] } },
    },
    want: { script: { inputs: { list: [1, 2], deep: [{ x: 'one' }] } } },
  },
  {
    reason: 'a value in an address is one segment',
    given: { http: { url: 'https://example.com/{{steps.a.value}}' } },
    want: { http: { url: 'https://example.com/%22%7D%2F..%2Fx%3Fy%3D1' } },
  },
  {
    reason: 'a value cannot leave its string in a JSON body',
    given: {
      http: {
        url: 'https://example.com/',
        body: '{"title": "{{steps.a.value}}", "list": "{{steps.a.output.list}}"}',
      },
    },
    want: { http: { body: '{"title":"\\"}/../x?y=1","list":[1,2]}' } },
  },
])('$reason', ({ given, want }) => expect(renderedAction(given, values)).toMatchObject(want));

import { describe, expect, it } from 'vitest';
import type { Step } from './workflow.ts';
import { workflowProblems } from './compile-workflow.ts';

const problemsOf = (step: Partial<Step>): string[] =>
  workflowProblems({ steps: [{ name: 'a', ...step }] }, 'spec').map(
    ({ field, message }) => `${field.replace('spec.steps[0].', '')}: ${message}`,
  );
const http = (name: string, value: string): Partial<Step> => ({
  action: { http: { url: 'https://a.example', headers: [{ name, value }] } },
});
const script = (more: Record<string, unknown>): Partial<Step> => ({
  action: { script: { run: 'true', ...more } },
});
const schema = (outputSchema: Record<string, unknown>): Partial<Step> => ({
  participants: ['coder'],
  outputSchema,
});

describe('a step that would fail at its run, whatever comes before it', () => {
  it.each<[string, Partial<Step>, string]>([
    [
      'a header of the client',
      http('Host', 'b'),
      "action.http.headers[0].name: the header Host is the client's own",
    ],
    ['no name', http('a b', 'c'), 'action.http.headers[0].name: is no name of a header'],
    [
      'a line end',
      http('x-a', 'b\r\nc: d'),
      'action.http.headers[0].value: has a character that a header cannot have',
    ],
    [
      'a folder outside',
      script({ workingDirectory: 'a/../..' }),
      'action.script.workingDirectory: leads out of',
    ],
    [
      'a shell of others',
      script({ shell: ['{{task.prompt}}'] }),
      'action.script.shell[0]: {{task.prompt}} would become',
    ],
    [
      'a name of JavaScript',
      { participants: ['__proto__'] },
      'participants: no member can be called "__proto__"',
    ],
    [
      'a schema of others',
      schema({ properties: { a: { $ref: 'https://a.example/s' } } }),
      'outputSchema.properties.a.$ref: leads out of the schema',
    ],
  ])('is refused: %s', (_, step, problem) => {
    expect(problemsOf(step)).toEqual([expect.stringContaining(problem)]);
  });

  it.each<[string, Partial<Step>]>([
    ['a header', http('X-Token', 'a {{task.prompt}}')],
    ['a folder', script({ workingDirectory: 'a/../b' })],
    ['a reference within', schema({ $ref: '#/$defs/a', $defs: { a: { type: 'object' } } })],
    [
      'a name of its own',
      schema({ $id: 'https://a.example/s', $ref: 'https://a.example/s#/$defs/a', $defs: { a: {} } }),
    ],
    ['a value that looks like one', schema({ type: 'object', const: { $ref: 'https://a.example' } })],
  ])('is taken: %s', (_, step) => {
    expect(problemsOf(step)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { conflict, invalid, notFound, StatusError } from '#api/machinery/status-error';
import { parseGoal } from './commands/objects/wait.ts';
import { taskName } from './task.ts';
import { describeFields } from './describe-text.ts';
import { parseDuration } from './duration.ts';
import { CliError, errorText } from './error-text.ts';
import { parseOutputFormat, toJson, toYaml } from './object-text.ts';
import { alignLines, tableCells } from './table.ts';

const TASKS = { group: 'agent.wecode.io', plural: 'tasks', kind: 'Task' };

describe('errorText', () => {
  it.each([
    [notFound(TASKS, 'x'), undefined, 'Error from server (NotFound): tasks.agent.wecode.io "x" not found'],
    [
      conflict(TASKS, 'x', 'stale'),
      'error when applying "f"',
      'Error from server (Conflict): error when applying "f": Operation cannot be fulfilled on tasks.agent.wecode.io "x": stale',
    ],
    [
      invalid(TASKS, 'x', [{ reason: 'FieldValueRequired', field: 'spec.a', message: 'Required value' }]),
      undefined,
      'The Task "x" is invalid: spec.a: Required value',
    ],
    [
      invalid(TASKS, 'x', [{ reason: 'FieldValueRequired', field: 'spec.a', message: 'Required value' }]),
      'error when applying "f"',
      'Error from server (Invalid): error when applying "f": Task.agent.wecode.io "x" is invalid: spec.a: Required value',
    ],
    [
      invalid(TASKS, 'x', [
        { reason: 'FieldValueRequired', field: 'spec.a', message: 'no' },
        { reason: 'FieldValueRequired', field: 'spec.b', message: 'no' },
      ]),
      undefined,
      'The Task "x" is invalid: \n* spec.a: no\n* spec.b: no',
    ],
    [
      new StatusError('ServiceUnavailable', 'unable to reach the server at https://a:1: connection refused', {
        cause: new Error('x'),
      }),
      undefined,
      'error: unable to reach the server at https://a:1: connection refused - did you specify the right host or port?',
    ],
    [new CliError('no such flag'), undefined, 'error: no such flag'],
    [new Error('outer', { cause: new Error('inner') }), undefined, 'error: outer: inner'],
  ])('%#', (error, doing, want) => {
    expect(errorText(error, doing)).toBe(want);
  });
});

describe('parseDuration', () => {
  it.each([
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['250ms', 250],
    ['0', 0],
    ['-1s', -1000],
    ['90', 90_000],
  ])('%s', (text, want) => {
    expect(parseDuration(text)).toBe(want);
  });
  it.each(['', 'soon', '5x', '1s2', 's'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow('expected a duration');
  });
});

describe('tables', () => {
  const columns = [
    { name: 'Name', type: 'string', format: 'name' },
    { name: 'State', type: 'string' },
    { name: 'More', type: 'string', priority: 1 },
  ];
  const rows = [
    {
      cells: ['a', null, 'm'],
      object: { metadata: { name: 'a', namespace: 'n', labels: { b: '2', a: '1' } } },
    },
    { cells: ['团队', 'Ready\nand more', 'm'], object: { metadata: { name: 'b', namespace: 'n' } } },
  ];
  const style = { wide: false, namePrefix: '', showNamespace: false, showLabels: false };

  it('shows the plain columns', () => {
    const cells = tableCells(columns, rows, style);
    expect(alignLines([cells.header, ...cells.rows])).toBe('NAME   STATE\na\n团队   Ready...\n');
  });

  it('adds namespace, labels, wide columns and the kind', () => {
    const cells = tableCells(columns, rows, {
      wide: true,
      namePrefix: 't/',
      showNamespace: true,
      showLabels: true,
    });
    expect(cells).toEqual({
      header: ['NAMESPACE', 'NAME', 'STATE', 'MORE', 'LABELS'],
      rows: [
        ['n', 't/a', '', 'm', 'a=1,b=2'],
        ['n', 't/团队', 'Ready...', 'm', '<none>'],
      ],
    });
  });
});

describe('output formats', () => {
  it('prints YAML and JSON as kubectl does', () => {
    const object = { kind: 'X', apiVersion: 'v1', list: [{ b: 1, a: 'x' }], text: 'a\nb\n', on: 'yes' };
    expect(toYaml(object)).toBe(
      'apiVersion: v1\nkind: X\nlist:\n- a: x\n  b: 1\n"on": "yes"\ntext: |\n  a\n  b\n',
    );
    expect(toJson({ b: 1, a: [] })).toBe('{\n    "a": [],\n    "b": 1\n}\n');
  });

  it('takes a JSONPath with and without braces', () => {
    for (const text of ['jsonpath={.a.b}', 'jsonpath=.a.b']) {
      const format = parseOutputFormat(text);
      expect(format.kind === 'jsonpath' && format.render({ a: { b: 3 } })).toBe('3');
    }
  });

  it.each(['xml', 'jsonpath={.a', 'jsonpath'])('refuses %s', (text) => {
    expect(() => parseOutputFormat(text)).toThrow(CliError);
  });
});

describe('parseGoal', () => {
  const task = (status: unknown, generation = 1): Unstructured => ({
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'x', generation },
    status,
  });
  const ready = (status: string, observedGeneration?: number) => ({
    conditions: [{ type: 'Ready', status, observedGeneration }],
  });

  it.each([
    ['condition=Ready', task(ready('True')), true, 'True is meant'],
    ['condition=ready', task(ready('True')), true, 'in any case'],
    ['condition=Ready', task(ready('False')), false, 'not yet'],
    ['condition=Ready=False', task(ready('False')), true, 'another value'],
    ['condition=Ready', task(ready('True', 1), 2), false, 'found for an older spec'],
    ['condition=Ready', task(undefined), false, 'no status yet'],
    ["jsonpath='{.status.phase}'=Done", task({ phase: 'Done' }), true, 'quoted by a script'],
    ['jsonpath={.status.phase}=Done', task({ phase: 'Doing' }), false, 'another value'],
    ['jsonpath={.status.phase}', task({ phase: 'Doing' }), true, 'any value'],
    ['jsonpath={.status.phase}', task({}), false, 'no value'],
  ])('%s', (...[text, object, want, reason]) => {
    expect(parseGoal(text).met(object), reason).toBe(want);
  });

  it.each(['Ready', 'condition', 'jsonpath=x', 'jsonpath={.a'])('refuses %s', (text) => {
    expect(() => parseGoal(text)).toThrow(CliError);
  });
});

describe('taskName', () => {
  it('takes a name, or the kind and a name', () => {
    expect([taskName('x'), taskName('task/x'), taskName('ta/x')]).toEqual(['x', 'x', 'x']);
    expect(() => taskName('team/x')).toThrow('a Task is expected');
    expect(() => taskName('')).toThrow(CliError);
  });
});

describe('describeFields', () => {
  it('shows everything but conditions, nested', () => {
    const text = describeFields({
      apiVersion: 'v1',
      kind: 'Team',
      metadata: {
        name: 'x',
        namespace: 'n',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
      spec: { collaborationModel: 'solo', members: [{ name: 'a', bots: [] }], prompt: 'one\ntwo' },
      status: { phase: 'Done', conditions: [] },
    });
    expect(text).toBe(
      [
        'Name:        x',
        'Namespace:   n',
        'Labels:      <none>',
        'Annotations: <none>',
        'API Version: v1',
        'Kind:        Team',
        'Created:     <unset>',
        'Spec:',
        '  Collaboration Model:  solo',
        '  Members:',
        '    - Name:  a',
        '      Bots:  <none>',
        '  Prompt:',
        '    one',
        '    two',
        'Status:',
        '  Phase:  Done',
        '',
      ].join('\n'),
    );
  });
});

import { Argument, Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { readLine } from './question.ts';

const program = new Command('troupe');
program
  .command('get')
  .argument('<type>')
  .argument('[name...]')
  .option('-n, --namespace <name>', 'namespace of the objects')
  .option('-w, --watch', 'go on showing changes')
  .addOption(new Option('--log-level <level>').choices(['info', 'warn']));
program.command('logs').argument('<task>').argument('[more]');
program.command('backup').argument('<file>');
program.command('graph').argument('[type/name...]');
const executor = program.command('executor');
executor.command('join').argument('<name>');
program.command('secret', { hidden: true });
program.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));

const words = (...values: string[]) => ({ kind: 'words', candidates: values.map((value) => ({ value })) });

describe('what may stand where the cursor is', () => {
  test.each([
    ['the types', ['get', ''], { kind: 'types' }],
    ['names of the type', ['get', 'teams', ''], { kind: 'names', type: 'teams', prefix: '' }],
    ['more names of it', ['get', 'teams', 'a', 'b'], { kind: 'names', type: 'teams', prefix: '' }],
    ['names behind a slash', ['get', 'task/a'], { kind: 'names', type: 'task', prefix: 'task/' }],
    ['a flag is no name', ['get', '-w', 'teams', ''], { kind: 'names', type: 'teams', prefix: '' }],
    ['nor is its value', ['get', '-n', 'x', ''], { kind: 'types' }],
    ['namespaces', ['get', '--namespace', ''], { kind: 'names', type: 'namespaces', prefix: '' }],
    ['choices of a flag', ['get', '--log-level', ''], words('info', 'warn')],
    ['choices of an argument', ['completion', 'b'], words('bash', 'zsh')],
    ['Tasks by the name of the argument', ['logs', ''], { kind: 'names', type: 'tasks', prefix: '' }],
    ['or with their type', ['logs', 'task/'], { kind: 'names', type: 'task', prefix: 'task/' }],
    ['a type that has to be said', ['graph', ''], words('task/', 'team/', 'collaboration/')],
    ['a file', ['backup', 'x'], { kind: 'files' }],
    ['a file with a folder', ['backup', 'x/y'], { kind: 'files' }],
    ['nothing after the last argument', ['backup', 'x', ''], words()],
    ['nothing for a command that is not there', ['nonsense', ''], words()],
  ])('%s', (_reason, line, expected) => {
    expect(readLine(program, line).question).toEqual(expected);
  });

  test('the commands, but none that is hidden', () => {
    const { question } = readLine(program, ['']);
    const candidates = question.kind === 'words' ? question.candidates.map(({ value }) => value) : [];
    expect(candidates).toEqual(['get', 'logs', 'backup', 'graph', 'executor', 'completion', 'help']);
    expect(readLine(program, ['executor', '']).question).toMatchObject({
      candidates: [{ value: 'join' }, { value: 'help' }],
    });
  });

  test('flags', () => {
    const { question } = readLine(program, ['get', '--']);
    const candidates = question.kind === 'words' ? question.candidates.map(({ value }) => value) : [];
    expect(candidates).toEqual(['--namespace', '--watch', '--log-level', '--help']);
  });

  test('the server is that of the line', () => {
    expect(readLine(program, ['get', '--namespace=y', 'tasks', '']).flags).toEqual({ namespace: 'y' });
    expect(readLine(program, ['get', '-n', 'y', 'tasks', '']).flags).toEqual({ namespace: 'y' });
  });
});

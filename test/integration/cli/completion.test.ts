import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun } from '../../kit/command.ts';
import { TROUPE } from '../../kit/paths.ts';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import { createTask } from './server.ts';

/** A real bash completes lines of troupe, with names that a real server gives. */
const stack = new AsyncDisposableStack();
let kubeconfig: string;

beforeAll(async () => {
  const server = stack.use(await startRestartableApi());
  kubeconfig = server.kubeconfig;
  for (const name of ['fix-readme', 'fix-tests', 'talk']) await createTask(server.connection, name);
});
afterAll(() => stack.disposeAsync());

/** Presses Tab behind the last of the words, with a server or the kubeconfig given. */
async function tab(words: readonly string[], config = kubeconfig): Promise<string[]> {
  const script = `
    set -u
    source <(troupe completion bash)
    COMP_WORDS=(troupe "$@"); COMP_CWORD=$#
    _troupe
    printf '%s\\n' "\${COMPREPLY[@]:-}"`;
  const PATH = `${path.dirname(TROUPE)}:${process.env['PATH'] ?? ''}`;
  const said = await mustRun('bash', ['-c', script, 'bash', ...words], {
    env: { PATH, KUBECONFIG: config },
  });
  return said.split('\n').filter((line) => line !== '');
}

describe('bash completes', () => {
  it.each([
    ['commands', ['comp'], ['completion']],
    ['commands of a command', ['executor', 'jo'], ['join']],
    ['flags', ['get', '--all'], ['--all-namespaces']],
    ['values of flags', ['server', '--log-level', 'de'], ['debug']],
    ['types', ['get', 'task'], ['tasks', 'taskrevisions']],
    ['names', ['get', 'tasks', 'fix'], ['fix-readme', 'fix-tests']],
    ['names of a short name', ['describe', 'task', 'ta'], ['talk']],
    ['names behind a type', ['get', 'task/fix-r'], ['task/fix-readme']],
    ['names of Tasks', ['logs', '-f', 'fix-t'], ['fix-tests']],
    ['nothing of another namespace', ['logs', '-n', 'kube-system', 'fix'], []],
    ['nothing of a type that is not there', ['get', 'nonsense', 'fix'], []],
  ])('%s', async (_reason, words, expected) => {
    expect((await tab(words)).sort()).toEqual([...expected].sort());
  });

  it('nothing where no server answers, and says nothing', async () => {
    expect(await tab(['get', 'tasks', ''], '/nonexistent/kubeconfig')).toEqual([]);
  });
});

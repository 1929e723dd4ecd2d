import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { gitRepository } from '../kit/git-repository.ts';
import { manifests, object, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { startServer } from '../kit/troupe-process.ts';

/** A pipeline of two agents, each in a runtime of its own: the second goes on where the first stood. */
const bash = (command: string): string =>
  `toolCall: { name: Bash, input: { command: ${JSON.stringify(command)}, description: Work } }`;

const SCRIPT = `
rules:
  - when: { contains: Build it }
    steps:
      - ${bash('if git rev-parse; then git checkout -q -b feature && git commit -q --allow-empty -m Built; fi; echo loose > notes')}
      - reply: built
  - when: { contains: Check it }
    steps:
      - ${bash('git log -1 --format=%s 2>/dev/null; cat notes')}
      - reply: 'saw {{toolResult}}'
`;

const stack = new AsyncDisposableStack();
let commands: Commands;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('pipeline')).path;
  const model = stack.use(await modelService(SCRIPT));
  const repository = stack.use(await gitRepository());
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
  await commands.apply(teamManifests({ name: 'code', modelURL: model.url, gitUrl: repository.url }));
  const member = (name: string, prompt: string) => ({ name, prompt, botRef: { name: 'code' } });
  const members = [member('builder', 'Build it.'), member('checker', 'Check it.')];
  await commands.apply(manifests(object('Team', 'two', { collaborationModel: 'pipeline', members })));
});
afterAll(() => stack.disposeAsync());

describe('the second agent of a pipeline', () => {
  it.each([
    {
      name: 'clone',
      workspace: 'code',
      saw: 'saw Built\nloose',
      reason: 'commits on a branch of its own, and files',
    },
    { name: 'plain', workspace: undefined, saw: 'saw loose', reason: 'files where there is no repository' },
  ])('has what the first one left: $reason', async ({ name, workspace, saw }) => {
    const more = workspace === undefined ? {} : { workspace };
    await commands.apply(manifests(task({ name, team: 'two', prompt: 'Go.', ...more })));
    await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=120s']);
    const { status } = await commands.get<{ status: { status: string; result?: { value: string } } }>(
      'task',
      name,
    );
    expect(status).toMatchObject({ status: 'COMPLETED', result: { value: saw } });
    const runtimes = await commands.mustKubectl([
      ...['get', 'sandboxes', '-l', `agent.wecode.io/task=${name}`],
      ...['-o', 'jsonpath={.items[*].status.runtimeID}'],
    ]);
    expect(new Set(runtimes.split(' ')).size, 'a runtime each').toBe(2);
  });
});

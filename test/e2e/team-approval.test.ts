import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { manifests, object, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import type { FinishedTask } from '../kit/team-example.ts';
import { startServer } from '../kit/troupe-process.ts';

/** A Team whose answer people accept: a no with words goes back to the one who gave it. */
const SCRIPT = `
rules:
  - { when: { contains: 'Shorter, please' }, reply: Hi. }
  - reply: Good morning to you.
`;

const stack = new AsyncDisposableStack();
let commands: Commands;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('team-approval')).path;
  const model = stack.use(await modelService(SCRIPT));
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
  await commands.apply(teamManifests({ name: 'talk', modelURL: model.url, shellType: 'Chat' }));
});
afterAll(() => stack.disposeAsync());

/** The name and the message of the Approval that this step waits for. */
async function asked(node: string): Promise<{ name: string; message: string }> {
  const waits = `--for=jsonpath={.status.approvals[?(@.node=="${node}")].purpose}=Step`;
  await commands.mustKubectl(['wait', 'task/greeting', waits, '--timeout=60s']);
  const field = `jsonpath={.status.approvals[?(@.node=="${node}")].name}`;
  const name = await commands.mustKubectl(['get', 'task/greeting', '-o', field]);
  await commands.mustKubectl(['wait', `approval/${name}`, '--for=create', '--timeout=60s']);
  const { spec } = await commands.get<{ spec: { message: string } }>('approval', name);
  return { name, message: spec.message };
}

it('an answer goes back with the words of a no, and is the answer of the Task with a yes', async () => {
  const quality = { approval: { message: 'Shall we say this?' } };
  const members = [{ name: 'greeter', botRef: { name: 'talk' } }];
  await commands.apply(
    manifests(object('Team', 'greeting', { collaborationModel: 'solo', members, quality })),
  );
  await commands.apply(manifests(task({ name: 'greeting', team: 'greeting', prompt: 'Greet them.' })));
  const first = await asked('v1-approval');
  expect(first.message).toBe('Shall we say this?\n\nGood morning to you.');
  expect(await commands.troupe(['reject', first.name, '--reason', 'Shorter, please'])).toMatchObject({
    code: 0,
  });
  const second = await asked('v2-approval');
  expect(second.message).toBe('Shall we say this?\n\nHi.');
  expect(await commands.troupe(['approve', second.name])).toMatchObject({ code: 0 });
  await commands.mustKubectl(['wait', 'task/greeting', '--for=condition=Completed', '--timeout=60s']);
  const { status } = await commands.get<FinishedTask>('task', 'greeting');
  expect(status.subTasks.map(({ node }) => node)).toEqual(['s0', 'v1-approval', 'v2', 'v2-approval']);
  expect(status.result).toMatchObject({
    value: 'Hi.',
    quality: [
      { gate: 'approval', version: 1, accepted: false },
      { gate: 'approval', version: 2, accepted: true },
    ],
  });
});

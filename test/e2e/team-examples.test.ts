import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { modelService } from '../kit/model-script.ts';
import { teamExample, teamExamples } from '../kit/team-example.ts';
import type { FinishedTask } from '../kit/team-example.ts';
import { startServer } from '../kit/troupe-process.ts';

/** Each example with a model/outcome.yaml as a user applies it, with a model service of ours in place of its own. */
const names = await teamExamples();
const stack = new AsyncDisposableStack();
let commands: Commands;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('team-examples')).path;
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
});
afterAll(() => stack.disposeAsync());

describe('an example', () => {
  it.each(names)('%s comes out as it says', async (name) => {
    const { script, team, task, outcome } = await teamExample(name);
    await using model = await modelService(script);
    await commands.apply(team(model.url));
    await commands.apply(task);
    await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=180s']);
    const { status } = await commands.get<FinishedTask>('task', name);
    expect(status, status.errorMessage).toMatchObject({ status: outcome.status });
    expect(status.subTasks.map(({ node }) => node)).toEqual(outcome.nodes);
    expect(status.subTasks.map(({ title }) => title)).toEqual(outcome.names);
    expect(status.result?.value).toBe(outcome.value);
    if (outcome.quality !== undefined) expect(status.result?.quality).toEqual(outcome.quality);
  });
});

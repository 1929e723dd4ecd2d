import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';

/** Each example with an outcome.yaml as a user applies it, with a model service of ours in place of its own. */
const EXAMPLES = path.join(ROOT, 'examples');

interface Outcome {
  status: string;
  /** Ids of the steps, in the order of `status.subTasks`. */
  nodes: string[];
  /** Who did them. */
  names: string[];
  value: string;
  /** What judges said. */
  quality?: object[];
}

interface Finished {
  status: {
    status: string;
    errorMessage?: string;
    subTasks: { node: string; title: string }[];
    result?: { value: string; quality?: object[] };
  };
}

const names = (await readdir(EXAMPLES, { recursive: true }))
  .filter((file) => path.basename(file) === 'outcome.yaml')
  .map((file) => path.dirname(file))
  .toSorted();

const read = (name: string, file: string): Promise<string> =>
  readFile(path.join(EXAMPLES, name, file), 'utf8');

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
    await using model = await modelService(await read(name, 'script.yaml'));
    const team = (await read(name, 'team.yaml')).replaceAll('http://host.docker.internal:8090', model.url);
    const outcome = parse(await read(name, 'outcome.yaml')) as Outcome;
    await commands.apply(team);
    await commands.apply(await read(name, 'task.yaml'));
    await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=180s']);
    const { status } = await commands.get<Finished>('task', name);
    expect(status, status.errorMessage).toMatchObject({ status: outcome.status });
    expect(status.subTasks.map(({ node }) => node)).toEqual(outcome.nodes);
    expect(status.subTasks.map(({ title }) => title)).toEqual(outcome.names);
    expect(status.result?.value).toBe(outcome.value);
    if (outcome.quality !== undefined) expect(status.result?.quality).toEqual(outcome.quality);
  });
});

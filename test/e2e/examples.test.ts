import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { difyService } from '../kit/dify-service.ts';
import type { DifyApp, DifyTestService } from '../kit/dify-service.ts';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { manifests, task } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';

/** examples/starter and examples/dify as a user applies them, and a Task for each of their Teams, with services of ours. */
const STARTER = path.join(ROOT, 'examples/starter');
const DIFY = path.join(ROOT, 'examples/dify');
const SCRIPTED = path.join(ROOT, 'examples/starter-scripted');

interface Read {
  kind: string;
  metadata: { name: string };
}

async function teamsOf(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Read));
  return objects.filter(({ kind }) => kind === 'Team').map(({ metadata }) => metadata.name);
}

const teams = await teamsOf(STARTER);
/** Looks once, and says what it saw. */
const agentApplication: DifyApp = {
  mode: 'agent-chat',
  reply: ({ query }) => [
    {
      event: 'agent_thought',
      id: 't1',
      tool: 'weather',
      tool_input: '{"weather":{"city":"Berlin"}}',
      observation: 'rain',
    },
    { event: 'agent_message', answer: `You asked: ${String(query)} It rains.` },
    { event: 'message_end', metadata: { usage: { prompt_tokens: 10, completion_tokens: 5 } } },
  ],
};

const workflowApplication: DifyApp = {
  mode: 'workflow',
  reply: ({ inputs }) => [
    { event: 'workflow_started', data: {} },
    { event: 'node_started', data: { node_type: 'llm', title: 'Sum up' } },
    {
      event: 'workflow_finished',
      data: { status: 'succeeded', outputs: { summary: JSON.stringify(inputs) } },
    },
  ],
};

const stack = new AsyncDisposableStack();
let commands: Commands;
let modelManifest: string;
let dify: DifyTestService;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('starter')).path;
  const script = await readFile(path.join(SCRIPTED, 'model/script.yaml'), 'utf8');
  const model = stack.use(await modelService(script));
  modelManifest = (await readFile(path.join(SCRIPTED, 'model.yaml'), 'utf8')).replace(
    'http://host.docker.internal:8090',
    model.url,
  );
  dify = stack.use(await difyService({ 'app-agent': agentApplication, 'app-workflow': workflowApplication }));
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
});
afterAll(() => stack.disposeAsync());

describe('the starter Teams', () => {
  it('are applied by one command, of troupe and of kubectl, and are unchanged the second time', async () => {
    const first = await commands.troupe(['apply', '-f', STARTER]);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    const again = (await commands.troupe(['apply', '-f', STARTER])).stdout.trim().split('\n');
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    const applied = (await commands.mustKubectl(['apply', '-R', '-f', STARTER])).trim().split('\n');
    expect(applied.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    expect(teams).toHaveLength(12);
  });

  it('say what is missing while there is no key, and need nothing else', async () => {
    const wait = ['wait', '--for=jsonpath={.status.state}=Unavailable', '--timeout=60s'];
    await commands.mustKubectl([...wait, 'model/starter']);
    const { status } = await commands.get<{ status: { message: string } }>('model', 'starter');
    expect(status.message).toContain('starter-model');
    await commands.apply(modelManifest);
    const ready = ['--for=condition=Ready', '--timeout=60s', '--all'];
    for (const kind of ['skills', 'ghosts', 'bots', 'teams']) {
      await commands.mustKubectl(['wait', kind, ...ready]);
    }
  });

  it.each(teams)('%s works', async (name) => {
    expect(await answerOf(name, 'Please do it.')).not.toBe('');
  });
});

describe('the applications of Dify', () => {
  it('are applied, and wait for their keys', async () => {
    await commands.mustKubectl(['apply', '-f', DIFY]);
    const unavailable = ['wait', '--for=jsonpath={.status.state}=Unavailable', '--timeout=60s'];
    await commands.mustKubectl([...unavailable, 'model/dify-agent', 'model/dify-workflow']);
    for (const name of ['agent', 'workflow']) {
      const key = `--from-literal=api_key=app-${name}`;
      await commands.mustKubectl(['create', 'secret', 'generic', `dify-${name}`, key]);
      const address = { spec: { modelConfig: { env: { base_url: dify.url } } } };
      const patch = ['--type=merge', `--patch=${JSON.stringify(address)}`];
      await commands.mustKubectl(['patch', 'model', `dify-${name}`, ...patch]);
    }
    const ready = ['--for=condition=Ready', '--timeout=60s'];
    await commands.mustKubectl(['wait', 'team/dify-agent', 'team/dify-workflow', ...ready]);
  });

  it('an agent uses its tools and answers', async () => {
    expect(await answerOf('dify-agent', 'How is the weather?')).toBe(
      'You asked: How is the weather? It rains.',
    );
    const { stdout } = await commands.troupe(['logs', 'dify-agent', '-o', 'jsonl']);
    expect(stdout).toContain('"name":"weather"');
  });

  it('a workflow gets the variables of its Model, of the Task, and the prompt', async () => {
    const prompt = 'A long text. [EXTERNAL_API_PARAMS]{"length": "short"}[/EXTERNAL_API_PARAMS]';
    const inputs = JSON.parse(await answerOf('dify-workflow', prompt)) as unknown;
    expect(inputs).toEqual({ language: 'English', length: 'short', query: 'A long text.' });
  });
});

/** Of a Task of this Team, with the same name. */
async function answerOf(name: string, prompt: string): Promise<string> {
  await commands.apply(manifests(task({ name, team: name, prompt })));
  await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=180s']);
  const { status } = await commands.get<{
    status: { status: string; errorMessage?: string; result?: { value: string } };
  }>('task', name);
  expect(status.status, status.errorMessage).toBe('COMPLETED');
  return status.result?.value ?? '';
}

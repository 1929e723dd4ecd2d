import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { bot, ghost, manifests, model, shell, task, team } from '../kit/manifests.ts';
import { recordedModel } from '../kit/model-requests.ts';
import type { RecordedModel } from '../kit/model-requests.ts';
import { startServer } from '../kit/troupe-process.ts';
import type { TroupeServer } from '../kit/troupe-process.ts';

/** People speak to the agents of Tasks, with real agents: while they work, after they have ended, and over crashes. */
const SCRIPT = `
rules:
  - when: { contains: Begin }
    reply: I begin.
    hang: true
  - when: { contains: never }
    reply: I begin.
    hang: true
  - when: { contains: Take long }
    reply: one two three four five six seven eight nine ten
    chunkDelay: 800ms
  - when: { contains: the last words }
    reply: 'heard: the last words'
  - when: { contains: Stop that }
    reply: I have stopped.
  - when: { contains: Fails once }
    times: 1
    error: { status: 401, message: not today }
  - when: { contains: And then }
    reply: 'and then: more'
  - reply: 'first: {{prompt}}'
`;

const SHELLS = [
  { name: 'chat', shellType: 'Chat', protocol: 'openai' },
  { name: 'claude', shellType: 'ClaudeCode', protocol: 'anthropic' },
  { name: 'codex', shellType: 'Codex', protocol: 'openai' },
] as const;

interface TaskObject {
  status: {
    status: string;
    revision?: string;
    result?: { value: string };
    messages?: { id: string; state: string; node?: string }[];
    subTasks: { node: string; status: string; history?: { attempt: number; status: string }[] }[];
  };
}

const stack = new AsyncDisposableStack();
let dataDir: string;
let service: RecordedModel;
let server: TroupeServer;
let commands: Commands;

async function start(): Promise<void> {
  server = await startServer({ dataDir });
  commands = commandsFor(server.kubeconfig);
}

beforeAll(async () => {
  dataDir = path.join(stack.use(await temporaryFolder('messages')).path, 'data');
  service = stack.use(await recordedModel(SCRIPT));
  await start();
  stack.defer(() => server[Symbol.asyncDispose]());
  for (const { name, shellType, protocol } of SHELLS) {
    const of = { name, modelURL: service.url, protocol };
    await commands.apply(manifests(ghost(name), model(of), shell(name, shellType), bot(name), team(name)));
  }
});
afterAll(() => stack.disposeAsync());

const isOver = (name: string): Promise<string> =>
  commands.mustKubectl([
    'wait',
    `task/${name}`,
    '--for=jsonpath={.status.status}=COMPLETED',
    '--timeout=120s',
  ]);

async function begin(name: string, of: { team: string; prompt: string }): Promise<void> {
  await commands.apply(manifests(task({ name, ...of })));
}

/** Until the agent has said something. */
async function untilSpoken(name: string): Promise<void> {
  const log = () => commands.mustTroupe(['logs', name, '--only', 'text']).then(({ length }) => length);
  await expect.poll(log, { timeout: 60_000 }).toBeGreaterThan(0);
}

const read = async (name: string): Promise<TaskObject['status']> =>
  (await commands.get<TaskObject>('task', name)).status;

/** All that the model was told in its last request. */
const lastQuestion = (): string => JSON.stringify(service.requests.at(-1)?.body ?? {});

describe.each(SHELLS)('$shellType', ({ name: of }) => {
  it('goes on after its end, in the same conversation', async () => {
    const name = `after-${of}`;
    await begin(name, { team: of, prompt: 'My word is elephant.' });
    await isOver(name);
    const shown = await commands.mustTroupe([
      'message',
      `task/${name}`,
      'And then?',
      '--id',
      'm',
      '--follow',
    ]);
    expect(shown).toContain('and then: more');
    expect(lastQuestion()).toContain('elephant');
    await isOver(name);
    expect(await read(name)).toMatchObject({
      result: { value: 'and then: more' },
      messages: [{ id: 'm', state: 'Applied', node: 'message-1' }],
    });
    const { items } = JSON.parse(
      await commands.mustKubectl([
        'get',
        '--raw',
        `/apis/agent.wecode.io/v1/namespaces/default/tasks/${name}/messages`,
      ]),
    ) as { items: { role: string; content: string }[] };
    expect(items.map(({ role, content }) => [role, content])).toEqual([
      ['USER', expect.stringContaining('elephant')],
      ['ASSISTANT', expect.stringContaining('elephant')],
      ['USER', 'And then?'],
      ['ASSISTANT', 'and then: more'],
    ]);
  });

  it('is broken off by words that interrupt, and goes on with them', async () => {
    const name = `stop-${of}`;
    await begin(name, { team: of, prompt: 'Begin.' });
    await untilSpoken(name);
    await commands.mustTroupe(['send', name, 'Stop that, please.', '--policy', 'interrupt', '--id', 'm']);
    await isOver(name);
    expect(await read(name)).toMatchObject({
      result: { value: 'I have stopped.' },
      messages: [{ id: 'm', state: 'Applied', node: 's0' }],
    });
    expect(await commands.mustTroupe(['logs', name, '--only', 'message'])).toBe(
      '@ troupe-admin: Stop that, please.\n',
    );
  });

  it('hears words after its present turn', async () => {
    const name = `queue-${of}`;
    await begin(name, { team: of, prompt: 'Take long.' });
    await untilSpoken(name);
    const raw = `/apis/agent.wecode.io/v1/namespaces/default/tasks/${name}/messages`;
    const stdin = JSON.stringify({ id: 'm', text: 'These are the last words.' });
    await commands.mustKubectl(['create', '--raw', raw, '-f', '-'], { stdin });
    await isOver(name);
    expect(await read(name)).toMatchObject({
      result: { value: 'heard: the last words' },
      messages: [{ id: 'm', state: 'Applied', node: 's0' }],
    });
  });
});

it('a Task can run with the revision of an earlier one, whatever has become of the Team', async () => {
  await begin('then', { team: 'chat', prompt: 'Say something.' });
  await isOver('then');
  const { revision = '' } = await read('then');
  const ghostNow = { spec: { systemPrompt: 'You are somebody else.' } };
  await commands.mustKubectl(['patch', 'ghost', 'chat', '--type=merge', '-p', JSON.stringify(ghostNow)]);
  await commands.mustTroupe(['run', 'chat', 'Say it again.', '--name', 'again-then', '--revision', revision]);
  expect(lastQuestion()).toContain('You are a careful programmer.');
  expect((await read('again-then')).revision).toBe(revision);
  await commands.mustTroupe(['run', 'chat', 'Say it now.', '--name', 'now']);
  expect(lastQuestion()).toContain('You are somebody else.');
  const other = { ...task({ name: 'other', team: 'claude', prompt: 'x', spec: { revision } }) };
  await commands.apply(manifests(other));
  await commands.mustKubectl([
    'wait',
    'task/other',
    '--for=jsonpath={.status.status}=FAILED',
    '--timeout=60s',
  ]);
});

it('a step that failed runs again, with all that was not done for it', async () => {
  await begin('again', { team: 'chat', prompt: 'Fails once.' });
  const failed = ['wait', 'task/again', '--for=jsonpath={.status.status}=FAILED', '--timeout=60s'];
  await commands.mustKubectl(failed);
  await commands.mustTroupe(['retry', 'task/again', '--follow']);
  const { status, subTasks } = await read('again');
  expect(status).toBe('COMPLETED');
  expect(subTasks[0]?.history?.[0]).toMatchObject({ attempt: 1, status: 'FAILED' });
});

it('words are not lost when everything dies, and heard once', async () => {
  await begin('crash-after', { team: 'chat', prompt: 'My word is tiger.' });
  await isOver('crash-after');
  await begin('crash-during', { team: 'claude', prompt: 'This never ends.' });
  await untilSpoken('crash-during');
  await Promise.all([
    commands.mustTroupe(['message', 'crash-after', 'And then?', '--id', 'm']),
    commands.mustTroupe(['message', 'crash-during', 'Stop that.', '--policy', 'interrupt', '--id', 'm']),
  ]);
  await server.kill();
  await start();
  await isOver('crash-after');
  await isOver('crash-during');
  expect((await read('crash-after')).messages).toEqual([{ id: 'm', state: 'Applied', node: 'message-1' }]);
  const { messages, result } = await read('crash-during');
  expect([messages?.length, messages?.[0]?.state, result?.value]).toEqual([1, 'Applied', 'I have stopped.']);
  const told = await commands.mustTroupe([
    'logs',
    'crash-during',
    '--only',
    'message_applied',
    '-o',
    'jsonl',
  ]);
  expect(
    told
      .trim()
      .split('\n')
      .filter((line) => line !== '').length,
  ).toBeLessThanOrEqual(1);
});

import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { difyService } from '../kit/dify-service.ts';
import type { DifyApp } from '../kit/dify-service.ts';
import { manifests, object, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { startServer } from '../kit/troupe-process.ts';

/** Leaders that talk nonsense, go round in circles or never end; and those whose programs know no schemas. */
const decision = (value: object): string => `'${JSON.stringify(value)}'`;
const splits = (task: string): string => decision({ assignments: [{ member: 'ann', task }], answer: '' });

/** The prompt of the Task says how the leader behaves. */
const SCRIPT = `
rules:
  - { when: { contains: [LOOP, 'Round 1'] }, reply: ${decision({ assignments: [{ member: 'ann', task: ' Your  task: one.', continues: '' }], answer: '' })} }
  - { when: { contains: [LOOP, You lead a team] }, reply: ${splits('Your task: one.')} }
  - { when: { contains: [NEVER, You cannot give further assignments] }, reply: ${decision({ answer: '' })} }
  - { when: { contains: [NEVER, 'Round 1'] }, reply: ${decision({ assignments: [{ member: 'ann', task: 'Your task: one more.', continues: '' }], answer: '' })} }
  - { when: { contains: [NEVER, You lead a team] }, reply: ${splits('Your task: one.')} }
  - { when: { contains: [EMPTY, You lead a team] }, reply: ${decision({ assignments: [], answer: '' })} }
  - { when: { contains: [PROSE, You lead a team] }, reply: 'I would ask Ann.' }
  - { when: { contains: [NOBODY, Name the one member] }, reply: ${decision({ member: 'nobody', reason: 'too odd', instructions: '' })} }
  - { when: { contains: 'Your task: one' }, reply: done }
  - reply: 'I answer.'
`;

const dify: DifyApp = {
  mode: 'chat',
  reply: ({ query }) => [
    {
      event: 'message',
      answer: String(query).includes('does not fit the JSON Schema')
        ? JSON.stringify({ member: 'ann', reason: 'she can', instructions: '' })
        : 'Ann should do it.',
    },
    { event: 'message_end', metadata: { usage: { prompt_tokens: 1, completion_tokens: 1 } } },
  ],
};

/** A program that answers in a form that it was not told to have, and the second time as it was told. */
const COMMAND = `
read -r first || true
case "$(cat)$first" in *'does not fit the JSON Schema'*) echo '${JSON.stringify({ member: 'ann', reason: '', instructions: '' })}' ;; *) echo Ann ;; esac
`;

const stack = new AsyncDisposableStack();
let commands: Commands;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('team-limits')).path;
  const model = stack.use(await modelService(SCRIPT));
  const service = stack.use(await difyService({ key: dify }));
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
  await commands.apply(teamManifests({ name: 'talk', modelURL: model.url, shellType: 'Chat' }));
  const env = { model: 'dify', base_url: service.url, api_key: 'key' };
  await commands.apply(
    manifests(
      object('Model', 'dify', { protocol: 'dify', modelConfig: { env } }),
      object('Shell', 'dify', { shellType: 'Dify' }),
      object('Shell', 'command', { shellType: 'Command', command: ['sh', '-c', COMMAND] }),
      object('Bot', 'dify', {
        ghostRef: { name: 'talk' },
        shellRef: { name: 'dify' },
        modelRef: { name: 'dify' },
      }),
      object('Bot', 'command', { ghostRef: { name: 'talk' }, shellRef: { name: 'command' } }),
    ),
  );
});
afterAll(() => stack.disposeAsync());

interface Ended {
  status: {
    status: string;
    errorMessage?: string;
    conditions: { type: string; reason: string }[];
    result?: { value: string };
    subTasks: { node: string; title: string }[];
  };
}

interface Played {
  name: string;
  prompt: string;
  leader?: string;
  spec: object;
  /** Bot of the member ann. */
  ann?: string;
}

async function played({
  name,
  prompt,
  leader = 'talk',
  spec,
  ann = 'talk',
}: Played): Promise<Ended['status']> {
  const members = [
    { name: 'boss', role: 'leader', botRef: { name: leader } },
    { name: 'ann', botRef: { name: ann } },
    { name: 'ben', botRef: { name: 'talk' } },
  ];
  await commands.apply(manifests(object('Team', name, { members, ...spec })));
  await commands.apply(manifests(task({ name, team: name, prompt })));
  await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=120s']);
  return (await commands.get<Ended>('task', name)).status;
}

const ids = ({ subTasks }: Ended['status']): string[] => subTasks.map(({ node }) => node);

describe('a leader that', () => {
  it.each([
    {
      reason: 'gives the same work again',
      name: 'loops',
      prompt: 'LOOP',
      spec: { collaborationModel: 'coordinate' },
      want: 'LeaderLoops',
      nodes: ['lead-1', 'work-1-1', 'lead-2'],
    },
    {
      reason: 'never answers',
      name: 'never-ends',
      prompt: 'NEVER',
      spec: { collaborationModel: 'coordinate', coordinate: { maxRounds: 2 } },
      want: 'RoundsExhausted',
      nodes: ['lead-1', 'work-1-1', 'lead-2', 'work-2-1', 'lead-3', 'lead-3-again'],
    },
    {
      reason: 'decides nothing',
      name: 'decides-nothing',
      prompt: 'EMPTY',
      spec: { collaborationModel: 'coordinate' },
      want: 'InvalidDecision',
      nodes: ['lead-1', 'lead-1-again'],
    },
    {
      reason: 'answers in prose, the second time as well',
      name: 'prose',
      prompt: 'PROSE',
      spec: { collaborationModel: 'coordinate' },
      want: 'InvalidDecision',
      nodes: ['lead-1'],
    },
    {
      reason: 'names nobody',
      name: 'names-nobody',
      prompt: 'NOBODY',
      spec: { collaborationModel: 'route' },
      want: 'NobodyChosen',
      nodes: ['route'],
    },
  ])('$reason ends its Task with $want', async ({ name, prompt, spec, want, nodes }) => {
    const status = await played({ name, prompt, spec });
    expect(status.status).toBe('FAILED');
    expect(status.conditions.find(({ type }) => type === 'Failed')?.reason).toBe(want);
    expect(ids(status)).toEqual(nodes);
  });

  it.each([
    { reason: 'an application of Dify', name: 'led-by-dify', leader: 'dify' },
    { reason: 'any program', name: 'led-by-a-program', leader: 'command' },
  ])('is $reason gets one turn to mend the form of its decision', async ({ name, leader }) => {
    const status = await played({ name, prompt: 'Hello', leader, spec: { collaborationModel: 'route' } });
    expect(status, status.errorMessage).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'I answer.' },
    });
    expect(ids(status)).toEqual(['route', 'work']);
  });
});

describe('a fallback', () => {
  const spec = { collaborationModel: 'route', route: { fallback: 'ben' } };

  it.each([
    { reason: 'when nobody is named', name: 'nobody', prompt: 'NOBODY', nodes: ['route', 'work'] },
    {
      reason: 'when the member is not there',
      name: 'absent',
      prompt: 'NOBODY',
      ann: 'absent',
      nodes: ['route', 'work'],
    },
    { reason: 'when the leader cannot decide', name: 'undecided', prompt: 'Hello', nodes: ['route', 'work'] },
  ])('works $reason', async ({ name, prompt, ann, nodes }) => {
    const status = await played({ name, prompt, spec, ...(ann === undefined ? {} : { ann }) });
    expect(status, status.errorMessage).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'I answer.' },
    });
    expect(ids(status)).toEqual(nodes);
    expect(status.subTasks.at(-1)?.title).toBe('ben');
  });
});

import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { gitRepository } from '../kit/git-repository.ts';
import { manifests, object, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { startServer } from '../kit/troupe-process.ts';

/** Real agents with a repository: whose files and whose conversation each step of a Team goes on with. */
const bash = (command: string): string =>
  `toolCall: { name: Bash, input: { command: ${JSON.stringify(command)}, description: Work } }`;
const decide = (value: object): string =>
  `toolCall: { name: StructuredOutput, input: ${JSON.stringify(value)} }`;
const assign = (...orders: [member: string, task: string, continues?: string][]): string =>
  decide({
    assignments: orders.map(([member, text, continues]) => ({ member, task: text, continues })),
    answer: '',
  });
const WHERE = 'git branch --show-current; ls; git log --format=%s';

/** The first round has one assignment, the second two; the leader looks around before each decision. */
const SCRIPT = `
rules:
  - when: { contains: "Round 2, your assignments", offersTool: Bash }
    steps: [{ ${bash(WHERE)} }, { ${decide({ assignments: [], answer: 'The leader saw {{toolResult}}' })} }, { reply: x }]
  - when: { contains: "Round 1, your assignments", offersTool: Bash }
    steps: [{ ${assign(['ann', 'Continue the first', 'work-1-1'], ['ben', 'Look', ''])} }, { reply: x }]
  - when: { contains: You lead a team, offersTool: Bash }
    steps: [{ ${assign(['ann', 'Build it'])} }, { reply: x }]
  - when: { contains: "Continue the first", offersTool: Bash }
    steps: [{ ${bash('cat built; echo more >> built; git commit -qam More')} }, { reply: 'had {{toolResult}}' }]
  - when: { contains: "Build it", offersTool: Bash }
    steps: [{ ${bash('echo one > built; git add built; git commit -qm Built')} }, { reply: built }]
  - when: { contains: "Look", offersTool: Bash }
    steps: [{ ${bash(WHERE)} }, { reply: 'saw {{toolResult}}' }]
  - reply: A title
`;

interface Step {
  node: string;
  result: {
    value: string;
    output?: unknown;
    sessionId: string;
    workspace: { branch: string; commits: number; headCommit: string };
  };
}

const stack = new AsyncDisposableStack();
let commands: Commands;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('team-files')).path;
  const model = stack.use(await modelService(SCRIPT));
  const repository = stack.use(await gitRepository());
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
  await commands.apply(teamManifests({ name: 'code', modelURL: model.url, gitUrl: repository.url }));
});
afterAll(() => stack.disposeAsync());

describe('a Team of agents that work in a repository', () => {
  it('coordinates: files go along one line of work, and with what an assignment continues', async () => {
    const members = [
      { name: 'boss', role: 'leader', botRef: { name: 'code' } },
      ...['ann', 'ben'].map((name) => ({ name, botRef: { name: 'code' } })),
    ];
    await commands.apply(manifests(object('Team', 'crew', { collaborationModel: 'coordinate', members })));
    await commands.apply(manifests(task({ name: 'crew', team: 'crew', prompt: 'Go.', workspace: 'code' })));
    await commands.mustKubectl(['wait', 'task/crew', '--for=condition=Finished', '--timeout=180s']);
    const { status } = await commands.get<{
      status: { status: string; errorMessage?: string; subTasks: Step[] };
    }>('task', 'crew');
    expect(status, status.errorMessage).toMatchObject({ status: 'COMPLETED' });
    const ran = Object.fromEntries(status.subTasks.map(({ node, result }) => [node, result]));
    expect(Object.keys(ran)).toEqual(['lead-1', 'work-1-1', 'lead-2', 'work-2-1', 'work-2-2', 'lead-3']);
    expect(ran['work-2-1'], 'it continues: its files, its session, a branch of its own').toMatchObject({
      value: 'had one',
      sessionId: ran['work-1-1']?.sessionId,
      workspace: { branch: 'troupe/crew@work-2-1', commits: 1 },
    });
    expect(ran['work-2-2']?.value, 'another member sees what the one before has left').toBe(
      'saw troupe/crew@work-2-2\nREADME.md\nbuilt\nBuilt\nFirst',
    );
    expect(ran['lead-2']?.workspace.headCommit, 'the leader has the files of the only assignment').toBe(
      ran['work-1-1']?.workspace.headCommit,
    );
    expect(ran['lead-3']?.sessionId, 'and goes on in its session with its own files').toBe(
      ran['lead-2']?.sessionId,
    );
    expect(ran['lead-3']?.output).toMatchObject({
      answer: 'The leader saw troupe/crew@work-1-1\nREADME.md\nbuilt\nBuilt\nFirst',
    });
  });
});

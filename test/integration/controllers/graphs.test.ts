import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { invalid } from '#api/machinery/status-error';
import { SANDBOXES } from '#api/types/resources';
import type { Task } from '#api/types/generated/task';
import { solo } from '#controllers/task/graph/collaboration-models';
import type { CollaborationModel } from '#controllers/task/graph/drafted-plan';
import type { MemberNode } from '#controllers/task/graph/graph';
import { everyThird } from './faults.ts';
import { play } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** No collaboration model of this version makes two nodes that run side by side: `plan`, `left` beside `right`, `join`. */
const diamond: CollaborationModel = (team) => {
  const node = (id: string, needs: string[], more: Partial<MemberNode> = {}): MemberNode[] =>
    solo(team).nodes.map((one) =>
      Object.assign(one, {
        ...{ id, name: id, needs },
        workspace: needs[0] === undefined ? {} : { from: needs[0] },
        ...more,
      }),
    );
  const results = ['left', 'right'].map((from) => ({ from, label: from }));
  const nodes = [
    ...node('plan', []),
    ...node('left', ['plan']),
    ...node('right', ['plan']),
    ...node('join', ['left', 'right'], { inputs: { taskPrompt: false, results } }),
  ];
  return { nodes };
};

let world: World;
let p: Play;

const MODELS = { pipeline: diamond };

beforeEach(async () => {
  world = await startWorld();
  p = play(world.client, 'default');
  await p.create.everything();
  await p.create.workspace('w');
});
afterEach(() => world[Symbol.asyncDispose]());

const nameOf = ({ metadata }: Task, node: string, attempt = 1): string =>
  `${metadata.name}-${(metadata.uid ?? '').slice(0, 5)}-${node}-a${attempt}`;

/** A Task whose nodes `left` and `right` run. */
async function atTheFork({ repository = true } = {}): Promise<Task> {
  const task = await p.create.task('t', repository ? { workspaceRef: { name: 'w' } } : {});
  const plan = nameOf(task, 'plan');
  await p.bound(plan);
  await p.succeeds(plan, 'planned');
  for (const node of ['left', 'right']) {
    await p.bound(nameOf(task, node));
    await p.runs(nameOf(task, node));
  }
  return task;
}

describe('a Task with nodes side by side', () => {
  it('has two live Sandboxes at once, with files and a branch each, where the files are', async () => {
    await world.startControllers({ collaborationModels: MODELS });
    await p.executor('e1', 5);
    const task = await atTheFork();
    await p.executor('e2', 5);
    const [left, right] = await Promise.all(
      ['left', 'right'].map((node) =>
        p.there(SANDBOXES, nameOf(task, node), ({ status }) => status?.phase === 'Running'),
      ),
    );
    const plan = await p.there(SANDBOXES, nameOf(task, 'plan'));
    const continueFrom = [{ name: plan.metadata.name, uid: plan.metadata.uid }];
    expect(left?.spec).toMatchObject({
      ...{ node: 'left', step: 1, executorName: 'e1' },
      workspace: { workBranch: 'troupe/t@left' },
      continueFrom,
    });
    expect(right?.spec).toMatchObject({
      ...{ node: 'right', step: 2, executorName: 'e1' },
      workspace: { workBranch: 'troupe/t@right' },
      continueFrom,
    });
    await p.succeeds(nameOf(task, 'right'), 'R');
    await p.succeeds(nameOf(task, 'left'), 'L');
    const join = await p.bound(nameOf(task, 'join'));
    expect(join.spec).toMatchObject({
      prompt: 'left:\nL\n\nright:\nR',
      executorName: 'e1',
      workspace: { workBranch: 'troupe/t@left' },
      continueFrom: [{ name: nameOf(task, 'left') }],
    });
    await p.succeeds(join.metadata.name, 'joined');
    const done = await p.task('t', 'COMPLETED');
    expect(done.status?.result?.['value']).toBe('joined');
    expect((await p.sandboxes()).length).toBe(4);
  });

  it('keeps the files of the one from the other where there is no repository', async () => {
    await world.startControllers({ collaborationModels: MODELS });
    await p.executor('e1', 5);
    await p.executor('e2', 5);
    const task = await atTheFork({ repository: false });
    const filesOf = async (node: string, attempt = 1): Promise<string[] | undefined> => {
      const { spec } = await p.bound(nameOf(task, node, attempt));
      expect(spec).toMatchObject({ executorName: 'e1' });
      expect(spec).not.toHaveProperty('workspace');
      return spec.continueFrom?.map(({ name }) => name);
    };
    expect(await filesOf('plan')).toBeUndefined();
    await p.succeeds(nameOf(task, 'left'), 'L');
    await p.fails(nameOf(task, 'right'), 'ContainerLost');
    expect(await filesOf('left')).toEqual([nameOf(task, 'plan')]);
    expect(await filesOf('right', 2)).toEqual([nameOf(task, 'right'), nameOf(task, 'plan')]);
    await p.succeeds(nameOf(task, 'right', 2), 'R');
    expect(await filesOf('join')).toEqual([nameOf(task, 'left')]);
  });

  it('stops the one when the other fails', async () => {
    await world.startControllers({ collaborationModels: MODELS });
    await p.executor('e1', 5);
    const task = await atTheFork();
    await p.fails(nameOf(task, 'left'), 'AgentFailed');
    await p.there(SANDBOXES, nameOf(task, 'right'), ({ spec }) => spec.cancel === true);
    await p.stops(nameOf(task, 'right'));
    const failed = await p.task('t', 'FAILED');
    expect(failed.status?.errorMessage).toBe('Step 2 of 4 (left) failed: AgentFailed: why');
  });

  it('tries one again while the other goes on', async () => {
    await world.startControllers({ collaborationModels: MODELS });
    await p.executor('e1', 5);
    const task = await atTheFork();
    await p.fails(nameOf(task, 'left'), 'ContainerLost');
    const again = await p.bound(nameOf(task, 'left', 2));
    expect(again.spec.continueFrom?.map(({ name }) => name)).toEqual([
      nameOf(task, 'left'),
      nameOf(task, 'plan'),
    ]);
    expect((await p.there(SANDBOXES, nameOf(task, 'right'))).spec.cancel).not.toBe(true);
  });

  it('stops the one when the server does not take the Sandbox of the other', async () => {
    const refused = invalid({ group: 'agent.wecode.io', kind: 'Sandbox' }, 'x', []);
    await world.startControllers({
      collaborationModels: MODELS,
      faults: {
        before({ verb, type, ref }) {
          if (verb === 'create' && type?.kind === 'Sandbox' && ref?.name.endsWith('-right-a1') === true)
            throw refused;
        },
      },
    });
    await p.executor('e1', 5);
    const task = await p.create.task('t');
    await p.bound(nameOf(task, 'plan'));
    await p.succeeds(nameOf(task, 'plan'), 'planned');
    const left = await p.there(SANDBOXES, nameOf(task, 'left'), ({ spec }) => spec.cancel === true);
    await p.stops(left.metadata.name);
    const failed = await p.task('t', 'FAILED');
    expect(failed.status?.errorMessage).toMatch(/^Step 3 of 4 \(right\) failed: SandboxRefused: /);
  });

  it('is carried out once by two sets of controllers whose calls fail and whose watches are cut', async () => {
    await world.startControllers({ collaborationModels: MODELS, faults: everyThird() });
    await world.startControllers({ collaborationModels: MODELS, faults: everyThird() });
    await p.executor('e1', 20);
    const names = ['x', 'y', 'z'];
    await Promise.all(
      names.map(async (name) => {
        const task = await p.create.task(name);
        for (const node of ['plan', 'left', 'right', 'join']) {
          await p.bound(nameOf(task, node));
          await p.succeeds(nameOf(task, node), node);
        }
        const done = await p.task(name, 'COMPLETED');
        expect(done.status?.result?.['value']).toBe('join');
      }),
    );
    expect((await p.sandboxes()).length).toBe(4 * names.length);
  });
});

import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import type { TaskSpec } from '#api/types/generated/task';
import { SANDBOXES, TASKS, TEAMS } from '#api/types/resources';
import { sandboxNotReady } from '#api/types/sandboxes/sandbox';
import { commandsFor } from '../../kit/command.ts';
import { playAlone, sandboxNameOf } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** `kubectl describe task` says why a Task does not move: for each cause what it shows. */

let world: World;
let p: Play;

beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  p = await playAlone(world.client);
  return () => p.removeExecutors();
});

/** In one line, since kubectl breaks long values. */
async function described(): Promise<string> {
  const { kubectl } = commandsFor(path.join(world.dataDir, 'kubeconfig'));
  const { code, stdout } = await kubectl(['-n', p.namespace, 'describe', 'task', 't']);
  expect(code).toBe(0);
  return stdout.replaceAll(/\s+/g, ' ');
}

const saying = (text: string | RegExp) =>
  p.there(TASKS, 't', ({ status }) => new RegExp(text).test(status?.message ?? ''));

/** A Task whose first run has a place. */
async function begun(spec: Partial<TaskSpec> = {}, ...members: Parameters<Play['create']['everything']>) {
  await p.create.everything(...members);
  await p.executor('e', 9);
  const task = await p.create.task('t', spec);
  const name = sandboxNameOf(task, 0, 1);
  await p.bound(name);
  return { task, name };
}

describe('a Task that does not move', () => {
  it('names the reference that is missing', async () => {
    await p.create.task('t');
    await saying('Team');
    await p.told('WaitingForTeam');
    const text = await described();
    expect(text).toContain(`spec.teamRef: Team "${p.namespace}/team" not found.`);
    expect(text).toMatch(/Warning WaitingForTeam .* task-controller spec\.teamRef/);
    expect(text).toMatch(/Reason: WaitingForTeam Status: False Type: Accepted/);
  });

  it('tells that no Executor has room, and goes on when one has', async () => {
    await p.create.everything();
    await p.create.task('t');
    await saying('no Executor|There is no');
    expect(await described()).toMatch(/Reason: NoExecutor Status: False Type: Scheduled/);
  });

  it('tells that its Executor has no port, or pulls the image', async () => {
    const { name } = await begun();
    for (const [reason, message] of [
      ['NoPort', 'All ports of the range 1-2 are taken.'],
      ['Pulling', 'The image img:1 is being pulled: 3 of 7 layers.'],
    ] as const) {
      const at = formatTime(Date.now());
      await p.change(SANDBOXES, p.within(name), (object) => {
        const conditions = withCondition(object.status?.conditions ?? [], sandboxNotReady(reason, message), {
          now: at,
        });
        return p.client.updateStatus(SANDBOXES, { ...object, status: { ...object.status, conditions } });
      });
      await saying(message.slice(0, 12));
      expect(await described()).toContain(`Step 1 of 1 (bot) is starting: ${message}`);
    }
  });

  it('has the words of the service that refused its model, and says when it is tried again', async () => {
    const { name } = await begun({ retryPolicy: { reasons: ['ModelError'], initialDelaySeconds: 3600 } });
    await p.fails(name, 'ModelError', '429 Too Many Requests: slow down.');
    await saying('429');
    await p.told('StepFailed');
    const text = await described();
    expect(text).toMatch(/ModelError: 429 Too Many Requests: slow down\. Attempt 2 follows at 20/);
    expect(text).toMatch(/Warning StepFailed .* Step "bot" failed: ModelError: 429/);
  });

  it('ends with the words of the service where it is not tried again', async () => {
    const { name } = await begun();
    await p.fails(name, 'ModelError', '401 Unauthorized: invalid x-api-key.');
    await p.task('t', 'FAILED');
    await p.told('TaskFailed');
    expect(await described()).toMatch(
      /Reason: ModelError Status: True Type: Failed .* Warning TaskFailed .* 401 Unauthorized/,
    );
  });

  it('says that it is suspended', async () => {
    await p.create.everything();
    await p.create.task('t', { suspend: true });
    await saying('suspend');
    expect(await described()).toMatch(/Message: spec\.suspend is set\./);
    await p.edit('t', { suspend: false });
    await p.there(SANDBOXES, sandboxNameOf(await p.client.get(TASKS, p.within('t')), 0, 1));
  });

  it('names the Approval and whom it asks', async () => {
    const { name } = await begun({}, { requireConfirmation: true }, {});
    await p.succeeds(name, 'done');
    await saying('Approval');
    expect(await described()).toMatch(/Approval t-\S+ asks .*Type: AwaitingApproval/);
  });

  it('asks for more budget, or ends for want of it', async () => {
    const { name } = await begun({ tokenBudget: 10, onBudgetExceeded: 'Ask' }, {}, {});
    await p.succeeds(name, 'done', { usage: { inputTokens: 12 } });
    await saying('May it have');
    expect(await described()).toContain(
      '12 tokens of 10, and is not done. May it have 10 tokens on top of that?',
    );
    await p.edit('t', { onBudgetExceeded: 'Fail' });
    await p.task('t', 'FAILED');
    expect(await described()).toMatch(/Reason: BudgetExceeded Status: True Type: Failed/);
  });

  it('ends at its deadline', async () => {
    const { name } = await begun({ activeDeadlineSeconds: 1 });
    await p.there(SANDBOXES, name, ({ spec }) => spec.cancel === true);
    await p.stops(name);
    await p.task('t', 'FAILED');
    expect(await described()).toMatch(/DeadlineExceeded.* Reason: Timeout Status: True Type: Failed/);
  });

  it('names the parameter that is wrong', async () => {
    // Made before the Team, so that the server could not judge them.
    await p.create.task('t', { parameters: { branch: 1 }, suspend: true });
    await p.create.everything();
    const parametersSchema = { type: 'object', properties: { branch: { type: 'string' } } };
    await p.client.patch(TEAMS, p.within('team'), { type: 'merge', body: { spec: { parametersSchema } } });
    await p.edit('t', { suspend: false });
    await p.task('t', 'FAILED');
    expect(await described()).toContain('spec.parameters.branch: Invalid value');
  });
});

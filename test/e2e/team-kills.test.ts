import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { recordedModel } from '../kit/model-requests.ts';
import type { RecordedModel } from '../kit/model-requests.ts';
import { teamExample } from '../kit/team-example.ts';
import type { FinishedTask, TeamExample } from '../kit/team-example.ts';
import { SHORT_LEASE, startTroupe } from '../kit/troupe-process.ts';
import type { TroupeProcess } from '../kit/troupe-process.ts';

/** Teams whose steps nobody knows at the start, while the controllers and the API are killed in between. */
const NAMES = ['best-of', 'collaborate', 'coordinate', 'review', 'route', 'vote'];
const stack = new AsyncDisposableStack();
const processes = new Map<string, TroupeProcess>();
const models = new Map<string, RecordedModel>();
let start: Record<'api' | 'controllers' | 'executor-manager', () => Promise<TroupeProcess>>;
let examples: TeamExample[];
let commands: Commands;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('team-kills')).path;
  const kubeconfig = path.join(folder, 'kubeconfig');
  const dataDir = path.join(folder, 'data');
  const api = ['api', '--listen', `127.0.0.1:${await freePort()}`, '--data-dir', dataDir];
  const executor = ['executor-manager', '--driver', 'process', '--data-dir', path.join(folder, 'executor')];
  const run = (args: readonly string[]): Promise<TroupeProcess> =>
    startTroupe({
      args,
      env: { TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' },
      readyLine: new RegExp(`^troupe ${args[0] ?? ''} ready`),
    });
  start = {
    api: () => run([...api, '--write-kubeconfig', kubeconfig]),
    controllers: () => run(['controllers', '--kubeconfig', kubeconfig, ...SHORT_LEASE]),
    'executor-manager': () => run([...executor, '--kubeconfig', kubeconfig]),
  };
  for (const name of ['api', 'controllers', 'executor-manager'] as const)
    processes.set(name, await start[name]());
  stack.defer(async () => {
    for (const { process } of [...processes.values()].toReversed()) await process.stop();
  });
  commands = commandsFor(kubeconfig);
  examples = await Promise.all(NAMES.map(teamExample));
  for (const { name, script, team } of examples) {
    const model = stack.use(await recordedModel(slow(script)));
    models.set(name, model);
    await commands.apply(team(model.url));
  }
});
afterAll(() => stack.disposeAsync());

/** Every answer takes its time, so that somebody can die meanwhile. */
function slow(script: string): string {
  const rules = parse(script) as object[];
  return stringify(rules.map((rule) => Object.assign({ delay: '900ms' }, rule)));
}

async function killed(victim: 'api' | 'controllers'): Promise<void> {
  await processes.get(victim)?.kill();
  processes.set(victim, await start[victim]());
}

/** All Tasks have so many steps behind them. */
async function until(step: number): Promise<void> {
  const done = `--for=jsonpath={.status.subTasks[${step - 1}].status}=COMPLETED`;
  await commands.mustKubectl(['wait', ...NAMES.map((name) => `task/${name}`), done, '--timeout=120s']);
}

it('all come out as they say, and nobody was asked twice for one step', async () => {
  for (const { task } of examples) await commands.apply(task);
  for (const [steps, victim] of (['controllers', 'api', 'controllers'] as const).entries()) {
    await until(steps + 1);
    await killed(victim);
  }
  const tasks = NAMES.map((name) => `task/${name}`);
  await commands.mustKubectl(['wait', ...tasks, '--for=condition=Finished', '--timeout=180s']);
  for (const { name, outcome } of examples) {
    const { status } = await commands.get<FinishedTask>('task', name);
    expect(status, `${name}: ${status.errorMessage ?? ''}`).toMatchObject({ status: outcome.status });
    expect(status.subTasks.map(({ node, attempt }) => [node, attempt])).toEqual(
      outcome.nodes.map((node) => [node, 1]),
    );
    expect(status.result?.value).toBe(outcome.value);
    expect(models.get(name)?.requests.length, `calls of the model of ${name}`).toBe(outcome.nodes.length);
  }
});

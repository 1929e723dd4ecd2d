import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { run } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';
import { recordingProxy } from '../../kit/recording-proxy.ts';
import type { ProxyTarget, RecordingProxy } from '../../kit/recording-proxy.ts';
import { normalise, normaliseRequests } from './normalise.ts';
import type { Outcome, Scenario, Step } from './step.ts';

interface Stage {
  kubectl: string;
  folder: string;
  namespace: string;
  proxy: RecordingProxy;
}

/** Plays a scenario with one kubectl against one server; the outcomes are comparable between servers. */
export async function play(scenario: Scenario, kubectl: string, target: ProxyTarget): Promise<Outcome[]> {
  await using proxy = await recordingProxy(target);
  await using folder = await temporaryFolder('scenario');
  const namespace = scenario.name;
  await writeFile(path.join(folder.path, 'kubeconfig'), kubeconfig(proxy.url, namespace));
  for (const [name, content] of Object.entries(scenario.files ?? {})) {
    const file = path.join(folder.path, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content, { mode: 0o755 });
  }
  const stage = { kubectl, folder: folder.path, namespace, proxy };
  const outcomes: Outcome[] = [];
  await command(stage, { args: ['create', 'namespace', namespace] });
  proxy.take();
  for (const step of scenario.steps) outcomes.push(...(await playStep(stage, step)));
  await command(stage, { args: ['delete', 'namespace', namespace, '--wait=false'] });
  return outcomes;
}

async function playStep(stage: Stage, step: Step): Promise<Outcome[]> {
  const { during } = step;
  const started = during && stage.proxy.seen(during.request);
  const running = command(stage, step);
  const meanwhile: CommandResult[] = [];
  await Promise.race([started, running]);
  for (const inner of during?.steps ?? []) meanwhile.push(await command(stage, inner));
  const result = await running;
  const requests = normaliseRequests(stage.proxy.take());
  return [
    outcome(step, result, step.requests === 'any' || during !== undefined ? [] : requests),
    ...(during?.steps ?? []).map((inner, i) => outcome(inner, meanwhile[i] as CommandResult, [])),
  ];
}

function outcome(step: Step, result: CommandResult, requests: string[]): Outcome {
  const any = step.output === 'any';
  return {
    command: step.args.join(' '),
    code: result.code,
    stdout: any ? '' : normalise(result.stdout),
    stderr: any ? '' : normalise(result.stderr),
    requests,
  };
}

function command({ kubectl, folder }: Stage, step: Step): Promise<CommandResult> {
  const stdin =
    typeof step.stdin === 'string' ? step.stdin : step.stdin?.map((one) => stringify(one)).join('---\n');
  return run(
    kubectl,
    step.args.map((arg) => arg.replaceAll('$DIR', folder)),
    {
      // A home of its own: kubectl keeps what it learned of a server in ~/.kube/cache.
      env: { KUBECONFIG: path.join(folder, 'kubeconfig'), HOME: folder, ...withFolder(step.env, folder) },
      cwd: folder,
      ...(stdin === undefined ? {} : { stdin }),
    },
  );
}

function withFolder(env: Record<string, string> = {}, folder: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replaceAll('$DIR', folder)]),
  );
}

function kubeconfig(server: string, namespace: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    'current-context': 'test',
  });
}

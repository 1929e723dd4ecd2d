import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_NAME, hostAddress } from '#dev/environment/docker/docker-gateway';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor, run } from '../kit/command.ts';
import type { CommandOptions, CommandResult, Commands } from '../kit/command.ts';
import { gitRepository } from '../kit/git-repository.ts';
import { manifests, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { startServer } from '../kit/troupe-process.ts';

/** A stock kubectl and a real container: what people do with a running agent. */
const stack = new AsyncDisposableStack();
/** The runner's own, which every image has. */
const NODE = '/opt/troupe/node';
const KUBECTL = process.env['TROUPE_TEST_STOCK_KUBECTL'] ?? 'kubectl';
let commands: Commands;
let kubeconfig: string;
let folder: string;
let pod: string;

const SCRIPT = `
rules:
  - when: { offersTool: Read }
    reply: "I begin.\\n"
    hang: true
  - reply: Done.
`;

const AUDIT_POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: RequestResponse
    resources: [{ group: '', resources: [pods/exec, pods/attach, pods/portforward, pods/log] }]
`;
const auditLog = (): string => path.join(folder, 'audit.log');

interface AuditEvent {
  auditID: string;
  stage: string;
  objectRef: { name: string; subresource: string };
  responseStatus?: { code: number };
}

beforeAll(async () => {
  const host = await hostAddress(process.env['DOCKER_HOST'] ?? '');
  folder = stack.use(await temporaryFolder('pod-streams')).path;
  const model = stack.use(await modelService(SCRIPT, host));
  const repository = stack.use(await gitRepository({ host: HOST_NAME, listen: host }));
  const policy = path.join(folder, 'policy.yaml');
  await writeFile(policy, AUDIT_POLICY);
  const flags = [
    '--audit-policy-file',
    policy,
    '--audit-log-path',
    auditLog(),
    '--audit-log-mode',
    'blocking',
  ];
  const dataDir = path.join(folder, 'data');
  const server = stack.use(await startServer({ dataDir, driver: 'docker', flags }));
  kubeconfig = server.kubeconfig;
  commands = commandsFor(kubeconfig);
  const modelURL = model.url.replace(host, HOST_NAME);
  await commands.apply(teamManifests({ name: 'code', modelURL, gitUrl: repository.url }));
  await commands.apply(manifests(task({ name: 'busy', team: 'code', prompt: 'Work.', workspace: 'code' })));
  const selector = ['pods', '-l', 'agent.wecode.io/task=busy'];
  await commands.mustKubectl([
    'wait',
    'task/busy',
    '--for=jsonpath={.status.status}=RUNNING',
    '--timeout=60s',
  ]);
  pod = await commands.mustKubectl(['get', ...selector, '-o', 'jsonpath={.items[0].metadata.name}']);
  await commands.mustKubectl(['wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=60s']);
});
afterAll(() => stack.disposeAsync());

const kubectl = (args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> =>
  run(KUBECTL, args, { ...options, env: { KUBECONFIG: kubeconfig } });

const exec = (args: readonly string[], options?: CommandOptions): Promise<CommandResult> =>
  kubectl(['exec', ...args], options);

describe('kubectl exec', () => {
  it('runs a program as the agent, and gives its output and exit code', async () => {
    const script = 'id -u; pwd; echo wrong >&2; exit 3';
    expect(await exec([pod, '--', 'sh', '-c', script])).toMatchObject({
      code: 3,
      stdout: '10001\n/workspace\n',
      stderr: expect.stringMatching(/^wrong\n.*exit code 3/s),
    });
  });

  it('hands over standard input, and its end', async () => {
    const stdin = 'x'.repeat(300_000);
    const { code, stdout } = await exec(['-i', pod, '--', 'cat'], { stdin });
    expect([code, stdout.length, stdout === stdin]).toEqual([0, 300_000, true]);
  });

  it('says what is wrong with a program that is not there', async () => {
    const { code, stdout, stderr } = await exec([pod, '--', 'no-such-program']);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('no-such-program');
  });

  it('has the environment of the container, and no token of the run', async () => {
    const { stdout } = await exec([pod, '--', 'env']);
    expect(stdout).toContain('HOME=/home/agent');
    expect(stdout).not.toMatch(/ANTHROPIC|API_KEY|AUTH_TOKEN/);
  });

  it('opens a terminal, which has its size when the program begins, or with older engines right after', async () => {
    const wait = 'while [ "$(stty size)" = "0 0" ]; do :; done';
    // script(1) gives kubectl a terminal of its own.
    const command = `${KUBECTL} exec -it ${pod} -- sh -c 'test -t 0 && ${wait}; stty size'`;
    const { stdout } = await run('script', ['-qec', `stty rows 31 cols 97; ${command}`, '/dev/null'], {
      env: { KUBECONFIG: kubeconfig },
    });
    expect(stdout).toContain('31 97');
  });

  it('hangs the program up when its user goes, however much that has said, and leaves what is to stay', async () => {
    const script = 'setsid sleep 7001 >/dev/null 2>&1 & nohup sleep 7002 >/dev/null 2>&1 & sleep 7003 & yes';
    await using running = await startProcess({
      command: KUBECTL,
      args: ['exec', pod, '--', 'sh', '-c', script],
      env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    await running.until({
      what: 'speak',
      ready: () => running.output().includes('y\ny\n'),
      timeoutMs: 30_000,
    });
    process.kill(running.pid, 'SIGKILL');
    await running.exited;
    const sleeping = async (): Promise<string[]> => {
      const { stdout } = await exec([pod, '--', 'ps', '-eo', 'args']);
      return stdout.split('\n').filter((line) => /^(?:sleep 700|yes)/.test(line));
    };
    await expect
      .poll(async () => (await sleeping()).toSorted(), { timeout: 30_000 })
      .toEqual(['sleep 7001', 'sleep 7002']);
    await exec([pod, '--', 'pkill', 'sleep']);
  });

  it('is refused for a container that is not there', async () => {
    const { code, stderr } = await exec([pod, '-c', 'other', '--', 'id']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('container other')]);
  });

  it('by SPDY is refused in words that kubectl prints', async () => {
    const { code, stderr } = await run(KUBECTL, ['exec', pod, '--', 'id'], {
      env: { KUBECONFIG: kubeconfig, KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' },
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('use kubectl 1.31')]);
  });
});

describe('kubectl cp', () => {
  it('copies files there and back', async () => {
    const there = path.join(folder, 'there.txt');
    const back = path.join(folder, 'back.txt');
    await writeFile(there, 'carried');
    expect(await kubectl(['cp', there, `${pod}:/tmp/carried.txt`])).toMatchObject({ code: 0 });
    expect(await kubectl(['cp', `${pod}:/tmp/carried.txt`, back])).toMatchObject({ code: 0 });
    expect(await readFile(back, 'utf8')).toBe('carried');
  });
});

describe('kubectl port-forward', () => {
  /** A service of the agent, on the loopback interface only. */
  const SERVICE = `require('http').createServer((q, s) => { let n = 0; q.on('data', (d) => (n += d.length)); q.on('end', () => s.end(q.url + ' ' + n + ' ' + 'y'.repeat(200000))); }).listen(9123, '127.0.0.1', () => console.log('listens'))`;

  it('reaches a service of the sandbox that listens there alone, also many times at once', async () => {
    await using service = await startProcess({
      command: KUBECTL,
      args: ['exec', pod, '--', NODE, '-e', SERVICE],
      env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    await service.until({
      what: 'listen',
      ready: () => service.output().includes('listens'),
      timeoutMs: 30_000,
    });
    await using forwarding = await forward('9123');
    const body = 'x'.repeat(100_000);
    const ask = async (n: number): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${forwarding.port}/${n}`, { method: 'POST', body });
      return answer.text();
    };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)));
    expect(answers.map((text) => text.slice(0, 12).trimEnd())).toEqual(
      Array.from({ length: 20 }, (_, n) => `/${n} 100000 yyy`.slice(0, 12).trimEnd()),
    );
    expect(answers.every((text) => text.endsWith('y'.repeat(200_000)))).toBe(true);
  });

  it('says that nobody listens', async () => {
    await using forwarding = await forward('9999');
    await expect(fetch(`http://127.0.0.1:${forwarding.port}/`)).rejects.toThrow('fetch failed');
    await forwarding.process.until({
      what: 'say it',
      ready: () => forwarding.process.output().includes('nothing listens on port 9999'),
      timeoutMs: 10_000,
    });
  });
});

/** A port of this machine that leads to one of the sandbox. */
async function forward(port: string) {
  const running = await startProcess({
    command: KUBECTL,
    args: ['port-forward', pod, `:${port}`, '--address', '127.0.0.1'],
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  const found = (): string | undefined => /Forwarding from 127[.]0[.]0[.]1:(\d+)/.exec(running.output())?.[1];
  await running.until({ what: 'forward', ready: () => found() !== undefined, timeoutMs: 30_000 });
  return {
    process: running,
    port: found() ?? '',
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

describe('kubectl logs and attach', () => {
  it('show what the agent does, and take words for it', async () => {
    await using logs = await startProcess({
      command: KUBECTL,
      args: ['logs', '-f', pod],
      env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    await logs.until({ what: 'speak', ready: () => logs.output().includes('I begin.'), timeoutMs: 60_000 });
    await using attached = await startProcess({
      command: 'sh',
      args: ['-c', `(echo 'Hurry up.'; sleep 20) | ${KUBECTL} attach -i ${pod}`],
      env: { ...process.env, KUBECONFIG: kubeconfig },
    });
    const cancel = ['patch', 'task/busy', '--type=merge', '-p', '{"spec":{"cancel":true}}'];
    const isAttached = (): boolean => attached.output().includes('# you: Hurry up.');
    await attached.until({ what: 'attach', ready: isAttached, timeoutMs: 30_000 });
    await commands.mustKubectl(cancel);
    await attached.until({
      what: 'show the end',
      ready: () => attached.output().includes('Cancelled'),
      timeoutMs: 60_000,
    });
  });

  it('are there when it is over: the log stays, the streams do not', async () => {
    await commands.mustKubectl(['wait', 'task/busy', '--for=condition=Finished', '--timeout=60s']);
    expect((await kubectl(['logs', pod, '--tail=1'])).stdout).toContain('Cancelled');
    const { code, stderr } = await exec([pod, '--', 'id']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('current phase is Failed')]);
  });
});

it('all of them are in the audit log, with their beginning and their end', async () => {
  const lines = (await readFile(auditLog(), 'utf8')).trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line) as AuditEvent);
  const byRequest = Map.groupBy(events, ({ auditID }) => auditID);
  const seen = [...byRequest.values()].map((its) => {
    const [{ objectRef }] = its as [AuditEvent];
    expect(objectRef.name).toBe(pod);
    const stages = its.map(({ stage, responseStatus }) => `${stage} ${responseStatus?.code ?? ''}`.trim());
    return `${objectRef.subresource}: ${stages.join(', ')}`;
  });
  const whole = (part: string, code: number): string =>
    `${part}: RequestReceived, ResponseStarted ${code}, ResponseComplete ${code}`;
  expect(seen).toEqual(
    expect.arrayContaining([
      ...['exec', 'attach', 'portforward'].map((part) => whole(part, 101)),
      whole('log', 200),
      // For a container that is not there, and one that has ended: they never began.
      'exec: RequestReceived, ResponseComplete 400',
    ]),
  );
});

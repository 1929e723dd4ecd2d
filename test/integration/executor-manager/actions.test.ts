import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isStatusError } from '#api/machinery/status-error';
import type { MCPServer } from '#api/types/generated/mcpserver';
import type { Sandbox, SandboxAction, SandboxSpec } from '#api/types/generated/sandbox';
import { serverEntry } from '#api/types/mcp-server';
import { MCP_SERVERS, SANDBOXES, SECRETS, TASKS } from '#api/types/resources';
import { HOST_NAME, hostAddress } from '#dev/environment/docker/docker-gateway';
import type { ExecutorManagerConfig } from '#executor-manager/config';
import type { ExecutorManager } from '#executor-manager/main';
import { said, tool, toolService } from '#executor-image/tools/made-up-servers';
import type { ToolService } from '#executor-image/tools/made-up-servers';
import { gitRepository } from '../../kit/git-repository.ts';
import {
  eventLog,
  inPhase,
  isOver,
  managerConfig,
  runSandbox,
  stage,
  startManager,
  untilGone,
  untilSandbox,
} from './stage.ts';
import type { Stage } from './stage.ts';

/** Fixed actions as the executor manager runs them, with the rights that it has: from the Sandbox to its result. */
const CANARY = 'canary-of-a-secret';

let on: Stage;
let service: Server;
let origin: string;
let tools: ToolService;
let server: MCPServer;
const authorizations: (string | undefined)[] = [];
const keys: (string | string[] | undefined)[] = [];
/** Calls of /held, which are answered when a test wants it. */
const held: ServerResponse[] = [];

beforeAll(async () => {
  on = await stage();
  service = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    keys.push(request.headers['idempotency-key']);
    if (request.url === '/held') held.push(response);
    else if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(request.headers));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  tools = await toolService({ tools: [tool('find')], call: (_, input) => said(JSON.stringify(input)) });
  const { client } = on.connection;
  const metadata = { name: 'keys', namespace: 'default' };
  await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token: CANARY } });
  server = await client.create(MCP_SERVERS, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: 'tracker', namespace: 'default' },
    spec: {
      transport: {
        http: {
          url: tools.url,
          headers: [{ name: 'Authorization', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } }],
        },
      },
    },
  });
});
afterAll(async () => {
  service.close();
  await tools[Symbol.asyncDispose]();
  await on[Symbol.asyncDispose]();
});

async function finish(
  name: string,
  action: SandboxAction,
  spec: Partial<SandboxSpec> = {},
): Promise<Sandbox> {
  await runSandbox(on, { name, prompt: 'p', spec: { node: 'n1', stepName: 'check', action, ...spec } });
  return untilSandbox(on, `${name}-s0-a1`, isOver);
}

const withToken = {
  name: 'Authorization',
  valueFrom: { prefix: 'Bearer ', secretKeyRef: { name: 'keys', key: 'token' } },
};

describe('actions beside a process of conversations', () => {
  let config: ExecutorManagerConfig;
  let manager: ExecutorManager & AsyncDisposable;
  beforeAll(async () => {
    config = await managerConfig(on, { driver: 'process', conversations: 10 });
    manager = await startManager(on, config);
  });
  afterAll(() => manager[Symbol.asyncDispose]());

  it('calls a service with a credential that nobody sees', async () => {
    const { status } = await finish('http', { http: { url: `${origin}/`, headers: [withToken] } });
    expect(status).toMatchObject({
      phase: 'Succeeded',
      result: { output: { status: 200, body: { authorization: 'Bearer [redacted]' } } },
    });
    expect(status?.result?.usage).toBeUndefined();
    expect(authorizations).toEqual([`Bearer ${CANARY}`]);
    const sandbox = await on.connection.client.get(SANDBOXES, { namespace: 'default', name: 'http-s0-a1' });
    expect(keys).toEqual([`${sandbox.spec.taskRef?.uid}-n1`]);
    // It only talks.
    expect(status?.runtime?.name).toMatch(/^pid\//);
    expect(JSON.stringify([sandbox, await eventLog(on, 'http')])).not.toContain(CANARY);
  });

  it.each([
    {
      name: 'http-metadata',
      url: 'http://169.254.169.254/latest/meta-data',
      words: '169.254.169.254 is refused',
    },
    { name: 'http-private', url: 'http://10.0.0.1/', words: '10.0.0.1 is refused' },
    { name: 'http-away', url: '', words: '169.254.169.254 is refused' },
  ])('refuses to call $name', async ({ name, url, words }) => {
    const { status } = await finish(name, { http: { url: url || `${origin}/away` } });
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'ActionFailed',
      message: expect.stringContaining(words) as string,
    });
  });

  it('fails before it calls, where a Secret is missing', async () => {
    const valueFrom = { secretKeyRef: { name: 'none', key: 'token' } };
    const { status } = await finish('http-lost', {
      http: { url: origin, headers: [{ name: 'X-Key', valueFrom }] },
    });
    // A Secret that no Sandbox can name is read by nobody: whether it is there is not told.
    expect(status).toMatchObject({ phase: 'Failed', reason: 'StartFailed' });
    expect(status?.message).toContain('none');
  });

  it('calls a tool with the credential of its MCPServer', async () => {
    const mcp = {
      serverName: 'tracker',
      server: serverEntry(server, true),
      tool: 'find',
      arguments: { id: 7 },
    };
    const { status } = await finish('mcp', { mcp });
    expect(status).toMatchObject({ phase: 'Succeeded', result: { value: '{"id":7}', output: { id: 7 } } });
    expect(tools.headers.at(-1)).toMatchObject({ authorization: CANARY });
    expect(JSON.stringify(await eventLog(on, 'mcp'))).not.toContain(CANARY);
  });

  it('does not call a tool that its permissions deny', async () => {
    const mcp = { serverName: 'tracker', server: serverEntry(server, true), tool: 'find' };
    const permissions = { rules: [{ tool: 'mcp__tracker__*', decision: 'deny' as const }] };
    const { status } = await finish('mcp-denied', { mcp }, { permissions });
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ActionFailed' });
    expect(tools.calls).toEqual(['find']);
  });

  /** Starts a call that is held; resolves when the service has it. */
  async function hold(name: string): Promise<ServerResponse> {
    const action = { http: { url: `${origin}/held` } };
    await runSandbox(on, { name, prompt: 'p', spec: { node: 'n1', action } });
    await untilSandbox(on, `${name}-s0-a1`, inPhase('Running'));
    await expect.poll(() => held.length, { timeout: 20_000 }).toBe(1);
    return held.splice(0)[0] as ServerResponse;
  }

  it('makes a call once, though the manager goes and another one comes', async () => {
    const response = await hold('restart');
    await manager.stop();
    manager = await startManager(on, config);
    response.end('at last');
    const { status } = await untilSandbox(on, 'restart-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded', result: { value: 'at last' } });
    expect(held).toEqual([]);
  });

  it('gives a call up that is cancelled', async () => {
    const response = await hold('cancel');
    const closed = once(response, 'close');
    const patch = { type: 'merge', body: { spec: { cancel: true } } } as const;
    await on.connection.client.patch(SANDBOXES, { namespace: 'default', name: 'cancel-s0-a1' }, patch);
    await closed;
    const { status } = await untilSandbox(on, 'cancel-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Cancelled' });
  });

  it('asks a person before it calls a tool, where its permissions say so', async () => {
    const mcp = {
      serverName: 'tracker',
      server: serverEntry(server, true),
      tool: 'find',
      arguments: { id: 8 },
    };
    const permissions = { default: 'ask' as const };
    await runSandbox(on, { name: 'asks', prompt: 'p', spec: { action: { mcp }, permissions } });
    const asking = await untilSandbox(on, 'asks-s0-a1', ({ status }) => status?.questions !== undefined);
    const [question] = asking.status?.questions ?? [];
    expect(question).toMatchObject({ kind: 'Permission', tool: 'mcp__tracker__find', input: { id: 8 } });
    const answers = [{ id: question?.id ?? '', decision: 'allow' as const }];
    const patch = { type: 'merge', body: { spec: { answers } } } as const;
    await on.connection.client.patch(SANDBOXES, { namespace: 'default', name: 'asks-s0-a1' }, patch);
    const { status } = await untilSandbox(on, 'asks-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded', result: { output: { id: 8 } } });
  });

  it('runs a script that commits its work', async () => {
    await using repository = await gitRepository();
    const run = 'echo fixed > README.md; git commit -qam Fix; git log -1 --format=%an';
    const workspace = { gitUrl: repository.fileUrl, branchName: 'main', workBranch: 'troupe/script' };
    const { status } = await finish('script', { script: { run } }, { workspace });
    expect(status).toMatchObject({
      phase: 'Succeeded',
      result: { value: 'check', workspace: { branch: 'troupe/script', commits: 1, filesChanged: 1 } },
    });
    expect((await eventLog(on, 'script')).map(({ type }) => type)).toContain('diff');
  });

  it('holds the output of a script to a schema, and runs it once', async () => {
    const script = { run: `echo run >> "$HOME/../runs"; wc -l < "$HOME/../runs"` };
    const outputSchema = { type: 'integer', maximum: 0 };
    const { status } = await finish('schema', { script }, { outputSchema });
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'OutputInvalid',
      message: 'the answer does not fit its schema: the value must be <= 0',
    });
    const lines = (await eventLog(on, 'schema')).filter(({ data }) => data['stream'] === 'stdout');
    expect(lines.map(({ data }) => data['text'])).toEqual(['1']);
  });
});

describe('actions in containers', () => {
  it('runs a script in a sandbox, with the files of the Task', async () => {
    await using repository = await gitRepository({
      host: HOST_NAME,
      listen: await hostAddress(process.env['DOCKER_HOST'] ?? ''),
    });
    await using _ = await startManager(on, await managerConfig(on, { driver: 'docker' }));
    const run = 'cat README.md | head -1; id -u; test -w /etc || echo read-only';
    const workspace = { gitUrl: repository.url, branchName: 'main', workBranch: 'troupe/x' };
    const { status } = await finish(
      'docker',
      { script: { run, shell: ['bash', '-eo', 'pipefail'] } },
      { workspace },
    );
    expect(status).toMatchObject({ phase: 'Succeeded', result: { value: '# Project\n10001\nread-only' } });
    const failed = await finish('docker-fail', { script: { command: ['sh', '-c', 'echo no >&2; exit 4'] } });
    expect(failed.status).toMatchObject({
      phase: 'Failed',
      reason: 'ActionFailed',
      message: 'the script ended with code 4: no',
    });
    // A manager that stops leaves containers to the next one, and here nobody comes next.
    for (const name of ['docker-s0-a1', 'docker-fail-s0-a1']) {
      await on.connection.client.delete(SANDBOXES, { namespace: 'default', name });
      await untilGone(on, name);
    }
  });
});

describe('a Sandbox', () => {
  const http = { url: 'http://example.com/' };
  it.each<{ why: string; action: object; words: string }>([
    { why: 'of no action', action: {}, words: 'exactly one of script, http and mcp' },
    {
      why: 'of two actions',
      action: { http, script: { run: 'x' } },
      words: 'exactly one of script, http and mcp',
    },
    {
      why: 'of two scripts',
      action: { script: { run: 'x', command: ['x'] } },
      words: 'exactly one of command and run',
    },
    {
      why: 'with a password in the address',
      action: { http: { url: 'http://a:b@example.com/' } },
      words: 'spec.action.http.url',
    },
    {
      why: 'with another scheme',
      action: { http: { url: 'file:///etc/passwd' } },
      words: 'spec.action.http.url',
    },
    {
      why: 'with a key in plain sight',
      action: { http: { ...http, headers: [{ name: 'authorization', value: 'Bearer x' }] } },
      words: 'a credential comes from a Secret',
    },
    {
      why: 'with a header of the client',
      action: { http: { ...http, headers: [{ name: 'Host', value: 'x' }] } },
      words: 'the client sets this header itself',
    },
  ])('$why is refused', async ({ action, words }) => {
    const made = runSandbox(on, { name: 'bad', prompt: 'p', spec: { action } });
    const error: unknown = await made.catch((thrown: unknown) => thrown);
    expect(isStatusError(error, 'Invalid') && error.message).toContain(words);
    await on.connection.client.delete(TASKS, {
      namespace: 'default',
      name: 'bad',
    });
  });
});

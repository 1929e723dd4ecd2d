import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { said, tool, toolService } from '#executor-image/tools/made-up-servers';
import type { ToolService } from '#executor-image/tools/made-up-servers';
import { commandsFor, mustRun } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { manifests, object, task } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';

/** examples/release as a user runs it, with services of ours, and a step that calls a tool. */
const RELEASE = path.join(ROOT, 'examples/release');
const TOKEN = 'the-token-of-the-registry';

interface Called {
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: unknown;
}

interface TaskObject {
  metadata: { uid: string };
  status: {
    status: string;
    errorMessage?: string;
    result?: { value: string };
    subTasks: { node: string; title: string; waitsFor?: string; status: string; result?: object }[];
  };
}

const stack = new AsyncDisposableStack();
const calls: Called[] = [];
let commands: Commands;
let tools: ToolService;
let ca: string;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('actions')).path;
  const model = stack.use(
    await modelService(await readFile(path.join(RELEASE, 'model/script.yaml'), 'utf8')),
  );
  tools = stack.use(
    await toolService({ tools: [tool('close')], call: (_, input) => said(JSON.stringify(input)) }),
  );
  const registry = createServer((request, response) => {
    void json(request).then((body) => {
      calls.push({ url: request.url, headers: request.headers, body });
      response.writeHead(201, { 'content-type': 'application/json' });
      // It repeats the credential, as some services do when they are in trouble.
      const { authorization } = request.headers;
      response.end(JSON.stringify({ url: `https://registry.example${request.url}`, authorization }));
    });
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void registry.close());
  const { port } = registry.address() as AddressInfo;
  const dataDir = path.join(folder, 'data');
  const server = stack.use(await startServer({ dataDir }));
  commands = commandsFor(server.kubeconfig);
  ca = path.join(folder, 'ca.pem');
  const certificate = '-o=jsonpath={.clusters[0].cluster.certificate-authority-data}';
  const encoded = await commands.mustKubectl(['config', 'view', '--raw', certificate]);
  await writeFile(ca, Buffer.from(encoded, 'base64'));
  const text = (await readFile(path.join(RELEASE, 'team.yaml'), 'utf8'))
    .replace('http://host.docker.internal:8090', model.url)
    .replace('http://host.docker.internal:8091', `http://host.docker.internal:${port}`);
  await commands.apply(text);
  await commands.mustKubectl(['wait', 'team/release', '--for=condition=Ready', '--timeout=60s']);
});
afterAll(() => stack.disposeAsync());

const newer = (kind: string, name: string, spec: object): object => ({
  ...object(kind, name, spec),
  apiVersion: 'agent.wecode.io/v1alpha1',
});

const taskNamed = (name: string): Promise<TaskObject> => commands.get<TaskObject>('task', name);

async function ended(name: string): Promise<TaskObject> {
  await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=120s']);
  return taskNamed(name);
}

it('a release runs its script, its agent and its request, and waits for the world outside', async () => {
  const name = 'release-1-2-0';
  await commands.mustKubectl(['apply', '-f', path.join(RELEASE, 'task.yaml')]);
  // Before its step has its turn: it is kept.
  await commands.mustTroupe(['signal', name, 'approved-by-legal', '--data', '{"by": "Ada"}']);
  const waits = '--for=jsonpath={.status.subTasks[?(@.waitsFor=="webhook")].status}=RUNNING';
  await commands.mustKubectl(['wait', `task/${name}`, waits, '--timeout=120s']);
  const description = await commands.mustKubectl(['describe', `task/${name}`]);
  expect(description).toContain('Waits for a call of the address of step "shipped" until');

  const { metadata, status } = await taskNamed(name);
  const node = status.subTasks.find(({ waitsFor }) => waitsFor === 'webhook')?.node ?? '';
  const address = (await commands.mustTroupe(['webhook', name, node, '--expires', '1h'])).trim();
  const call = ['--silent', '--show-error', '--fail', '--cacert', ca, '--json', '{"ok": true}', address];
  expect(await mustRun('curl', call)).toBe('{"message":"taken"}\n');

  const done = await ended(name);
  expect(done.status, done.status.errorMessage).toMatchObject({
    status: 'COMPLETED',
    result: { value: 'https://registry.example/releases/1.2.0' },
  });
  expect(done.status.subTasks).toMatchObject([
    { title: 'version', result: { output: { version: '1.2.0' } } },
    { title: 'notes' },
    { title: 'register', result: { output: { status: 201 } } },
    { title: 'legal', result: { output: { by: 'Ada' } } },
    { title: 'shipped', result: { output: { ok: true } } },
  ]);
  const register = done.status.subTasks[2]?.node;
  expect(calls).toMatchObject([
    {
      url: '/releases/1.2.0',
      headers: { authorization: `Bearer ${TOKEN}`, 'idempotency-key': `${metadata.uid}-${register}` },
      body: { notes: 'It is faster, and it says "hello".' },
    },
  ]);
});

it('nobody sees the token of the registry', async () => {
  const all = ['task,sandbox,taskrevision,event,pod', '-o', 'yaml'];
  const shown = await commands.mustKubectl(['get', ...all]);
  const log = await commands.mustTroupe(['logs', 'release-1-2-0', '-o', 'jsonl']);
  expect(`${shown}${log}`).not.toContain(TOKEN);
  expect(log).toContain('[redacted]');
});

it('people see what an action is and how it went', async () => {
  const log = await commands.mustTroupe(['logs', 'release-1-2-0']);
  expect(log).toMatch(/: Running: POST http:\/\/host\.docker\.internal:\d+\/releases\/1\.2\.0\n/);
  expect(log).toMatch(/\| 201 Created, \d+ bytes after/);
  const pods = await commands.mustKubectl(['describe', 'pods']);
  expect(pods).toContain('agent.wecode.io/action: POST http://host.docker.internal');
  expect(pods).toContain('process.env.TAG');
});

it('an input is never a part of the script', async () => {
  const name = 'release-odd';
  const parameters = { tag: '1.0.0"; touch /tmp/troupe-was-here; echo "' };
  await commands.apply(manifests(task({ name, team: 'release', prompt: 'p', spec: { parameters } })));
  const { status } = await ended(name);
  // It is a text that does not fit the schema, and nothing else.
  expect(status.status).toBe('FAILED');
  expect(status.errorMessage).toContain('OutputInvalid');
  await expect(readFile('/tmp/troupe-was-here')).rejects.toThrow('ENOENT');
});

it('a credential in plain sight is refused, and not repeated', async () => {
  const script = { run: 'x', env: { DEPLOY_TOKEN: 'plain-to-see' } };
  const collaboration = newer('Collaboration', 'plain', {
    type: 'workflow',
    steps: [{ name: 'a', action: { script } }],
  });
  const { code, stderr } = await commands.kubectl(['apply', '-f', '-'], { stdin: manifests(collaboration) });
  expect(code).toBe(1);
  expect(stderr).toContain(
    'spec.steps[0].action.script.env.DEPLOY_TOKEN: Forbidden: it looks like a credential',
  );
  expect(stderr.replace(/last-applied-configuration.*/, '')).not.toContain('plain-to-see');
});

it('a step calls a tool of an MCPServer, by the name that the author gave and with what came before', async () => {
  const action = { script: { run: `echo '{"id": 7}'` } };
  const close = {
    mcp: { serverRef: { name: 'tracker' }, tool: 'close', arguments: { id: '{{steps.find.output.id}}' } },
  };
  await commands.apply(
    manifests(
      newer('MCPServer', 'tracker', { transport: { http: { url: tools.url } } }),
      newer('Collaboration', 'close', {
        type: 'workflow',
        steps: [
          { name: 'find', action },
          { name: 'close', dependsOn: ['find'], action: close },
        ],
        outputs: { answer: 'string(steps.close.output.id)' },
      }),
      object('Team', 'close', {
        collaborationRef: { name: 'close' },
        members: [{ botRef: { name: 'release' } }],
      }),
    ),
  );
  await commands.mustKubectl(['wait', 'mcpserver/tracker', '--for=condition=Ready', '--timeout=60s']);
  await commands.mustKubectl(['wait', 'team/close', '--for=condition=Ready', '--timeout=60s']);
  await commands.apply(manifests(task({ name: 'close', team: 'close', prompt: 'p' })));
  const { status } = await ended('close');
  expect(status, status.errorMessage).toMatchObject({ status: 'COMPLETED', result: { value: '7' } });
  expect(tools.calls).toEqual(['close']);
});

import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { httpService, said, tool, toolService } from '#executor-image/tools/made-up-servers';
import type { ToolService } from '#executor-image/tools/made-up-servers';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { bot, manifests, model, object, shell, task, team } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { startServer } from '../kit/troupe-process.ts';

/** MCPServers as a user meets them: checked, listed, confirmed, used by an agent, and told of when they do not work. */
const SCRIPT = `
rules:
  - when: { contains: Read it }
    steps:
      - toolCall: { name: mcp__shelf__read, input: { book: one } }
      - reply: 'It says {{toolResult}}'
  - reply: Hello.
`;
const TOKEN = 'token-of-the-tool-server';
const READ = tool('read', { description: 'Reads a book.', annotations: { readOnlyHint: true } });

const stack = new AsyncDisposableStack();
let commands: Commands;
let service: ToolService;
let modelURL: string;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('mcp')).path;
  modelURL = stack.use(await modelService(SCRIPT)).url;
  service = stack.use(
    await toolService({ tools: [READ], call: (_, { book }) => said(`the words of book ${String(book)}`) }),
  );
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
  const refused = stack.use(
    await httpService((_, response) => void response.writeHead(401).end('who are you?')),
  );
  await commands.apply(
    manifests(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'shelf' },
        stringData: { header: `Bearer ${TOKEN}` },
      },
      mcpServer('shelf', {
        http: {
          url: service.url,
          headers: [{ name: 'Authorization', valueFrom: { secretKeyRef: { name: 'shelf', key: 'header' } } }],
        },
      }),
      mcpServer('refused', { http: { url: refused.url } }),
      mcpServer('keyless', {
        stdio: {
          command: 'x',
          env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }],
        },
      }),
    ),
  );
});
afterAll(() => stack.disposeAsync());

function mcpServer(name: string, transport: object, more: object = {}): object {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'MCPServer',
    metadata: { name },
    spec: { transport, ...more },
  };
}

interface Listed {
  status: { tools: { name: string; level: string; proposedLevel: string; hash: string }[] };
}

const ready = (name: string, status: string): Promise<string> =>
  commands.mustKubectl(['wait', `mcpserver/${name}`, `--for=condition=Ready=${status}`, '--timeout=60s']);

async function runTask(name: string, ghost: object): Promise<Record<string, unknown>> {
  await commands.apply(
    manifests(
      object('Ghost', name, { systemPrompt: 'You read.', ...ghost }),
      model({ name, modelURL }),
      shell(name),
      bot(name),
      team(name),
      task({ name, team: name, prompt: 'Read it.' }),
    ),
  );
  await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=120s']);
  return (await commands.get<{ status: Record<string, unknown> }>('task', name)).status;
}

describe('an MCPServer', () => {
  it('is checked with its credential, and shows its tools as privileged', async () => {
    await ready('shelf', 'True');
    expect(service.headers[0]?.authorization).toBe(`Bearer ${TOKEN}`);
    const { status } = await commands.get<Listed>('mcpserver', 'shelf');
    expect(status.tools).toEqual([
      expect.objectContaining({ name: 'read', level: 'privileged', proposedLevel: 'readOnly' }),
    ]);
    const row = await commands.mustKubectl(['get', 'mcp', 'shelf', '--no-headers']);
    expect(row).toMatch(/^shelf\s+http\s+True\s+1\s+Closed/);
    expect(JSON.stringify(status)).not.toContain(TOKEN);
  });

  it('that answers 401 says so', async () => {
    await ready('refused', 'False');
    const { status } = await commands.get<{ status: { message: string } }>('mcpserver', 'refused');
    expect(status.message).toBe('The server cannot be used: it answered HTTP 401: who are you?');
  });

  it('whose Secret is missing says so', async () => {
    await ready('keyless', 'False');
    const { status } = await commands.get<{ status: { message: string } }>('mcpserver', 'keyless');
    expect(status.message).toBe('KEY: Secret "none" not found.');
  });

  it.each([
    ['no transport', {}],
    ['two', { http: { url: 'http://h' }, sse: { url: 'http://h' } }],
    ['a password in its address', { http: { url: 'http://u:p@h' } }],
    ['a key in its address', { http: { url: 'http://h?key=k' } }],
    [
      'a header twice',
      {
        http: {
          url: 'http://h',
          headers: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
          ],
        },
      },
    ],
    ['a header without a value', { http: { url: 'http://h', headers: [{ name: 'A' }] } }],
  ])('is refused with %s', async (_, transport) => {
    await expect(commands.apply(manifests(mcpServer('odd', transport)))).rejects.toThrow(
      /Invalid|Duplicate/i,
    );
  });
});

describe('an agent', () => {
  const refs = [{ name: 'shelf' }];

  it('may not use a tool that nobody has confirmed, where only reading is allowed', async () => {
    await ready('shelf', 'True');
    const permissions = { levels: { readOnly: 'allow' }, default: 'deny' };
    const status = await runTask('careful', { mcpServerRefs: refs, permissions });
    expect(JSON.stringify(status['result'])).toContain('does not allow mcp__shelf__read');
  });

  it('uses it when an administrator has confirmed it', async () => {
    await ready('shelf', 'True');
    const { status: before } = await commands.get<Listed>('mcpserver', 'shelf');
    const tools = [{ name: 'read', level: 'readOnly', hash: before.tools[0]?.hash }];
    await commands.mustKubectl([
      'patch',
      'mcp',
      'shelf',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { tools } }),
    ]);
    await commands.mustKubectl(['wait', 'mcp/shelf', '--for=condition=ToolsConfirmed', '--timeout=60s']);
    const permissions = { levels: { readOnly: 'allow' }, default: 'deny' };
    const status = await runTask('reader', { mcpServerRefs: refs, permissions });
    expect(JSON.stringify(status['result'])).toContain('It says the words of book one');
    const sandboxes = await commands.mustKubectl(['get', 'sandboxes,taskrevisions', '-o', 'yaml']);
    expect(sandboxes).not.toContain(TOKEN);
  });

  it('fails without a server that it cannot do without, and says why', async () => {
    const status = await runTask('needs', { mcpServerRefs: [{ name: 'refused', required: true }] });
    expect(status).toMatchObject({ status: 'FAILED' });
    // After the third check that failed, the run is told of the check.
    expect(status['errorMessage']).toMatch(
      /MCP server refused cannot be used: .*it answered HTTP 401: who are you\?/,
    );
  });

  it('works without one otherwise, and the Task says so', async () => {
    const status = await runTask('without', { mcpServerRefs: [{ name: 'refused' }] });
    expect(status).toMatchObject({ status: 'COMPLETED' });
    expect(JSON.stringify(status['conditions'])).toContain('MCP server refused cannot be used');
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INITIALIZED, MadeUpGate, READ, SECRET, program, textOf } from './made-up-gate.ts';
import { httpService, toolService } from './made-up-servers.ts';

let gates: MadeUpGate;
beforeEach(() => {
  gates = new MadeUpGate();
});
afterEach(() => gates[Symbol.asyncDispose]());

it('a conversation reaches nothing that only the machine itself may reach', async () => {
  let asked = 0;
  const service = gates.use(
    await httpService((_, response) => {
      asked += 1;
      response.writeHead(500).end('of the machine alone');
    }),
  );
  const addresses = { allow: [], controlPlane: [] };
  const gate = await gates.open({ inner: { url: service.url } }, { addresses });
  expect(gate.warnings()).toEqual([
    expect.stringMatching(/127\.0\.0\.1 is refused: it is a loopback address/),
  ]);
  expect(asked).toBe(0);
});

describe('a server that does not work', () => {
  const cases: { reason: string; server: () => Promise<unknown>; message: string }[] = [
    {
      reason: 'exits',
      server: async () => program(`console.error('no licence'); process.exit(1)`),
      message: 'it ended with code 1: no licence',
    },
    {
      reason: 'never answers',
      server: async () =>
        program(`console.error('thinking'); setInterval(() => 0, 1000)`, { startSeconds: 2 }),
      message: 'it did not answer `initialize` within 2 s; its last words: thinking',
    },
    {
      reason: 'is not there',
      server: async () => ({ command: '/nowhere/server' }),
      message: 'No such file or directory',
    },
    {
      reason: 'answers 401',
      server: async () => serviceOf(401, 'who are you?'),
      message: 'it answered HTTP 401: who are you?',
    },
    { reason: 'answers 502', server: async () => serviceOf(502, ''), message: 'it answered HTTP 502' },
    {
      reason: 'tells its secret',
      server: async () => serviceOf(500, `bad key ${SECRET}`),
      message: 'it answered HTTP 500: bad key [redacted]',
    },
    {
      reason: 'listens to nobody',
      server: async () => {
        await using gone = await httpService(() => undefined);
        return { url: gone.url };
      },
      message: 'ECONNREFUSED',
    },
    {
      reason: 'answers nonsense',
      server: async () => program(`${READ} send({ id, result: { hello: 'world' } }); })`),
      message: 'its answer to `initialize` is not one of the protocol',
    },
    {
      reason: 'answers another id, and what is no JSON',
      server: async () =>
        program(`${READ} send({ id: 77, result: {} }); console.log('{"jsonrpc"'); })`, { startSeconds: 2 }),
      message: 'it did not answer `initialize` within 2 s',
    },
    {
      reason: 'sends an endless line',
      server: async () =>
        program(`const text = 'x'.repeat(1 << 20); const more = () => { while (process.stdout.write(text)); };
          process.stdout.on('drain', more); more();`),
      message: 'it sent a message of more than 32 MB',
    },
    {
      reason: 'never ends to complain',
      server: async () =>
        program(
          `const text = 'no\\n'.repeat(10000); const more = () => { while (process.stderr.write(text)); };
          process.stderr.on('drain', more); more();`,
          { startSeconds: 2 },
        ),
      message: 'it did not answer `initialize` within 2 s; its last words: no | no',
    },
    {
      reason: 'known not to work',
      server: async () => ({ url: 'http://127.0.0.1:9/', unavailable: 'MCPServer "ns/x" not found' }),
      message: 'MCPServer "ns/x" not found',
    },
    {
      reason: 'neither command nor url',
      server: async () => ({ args: ['x'] }),
      message: 'command must be a text',
    },
  ];

  async function serviceOf(status: number, body: string): Promise<unknown> {
    const { url } = gates.use(await httpService((_, response) => void response.writeHead(status).end(body)));
    return { url };
  }

  it.each(cases)('$reason: told, and the agent works without it', async ({ server, message }) => {
    const gate = await gates.open({ one: await server(), two: { url: gates.use(await toolService()).url } });
    expect(gate.servers.map(({ name }) => name)).toEqual(['two', 'troupe']);
    expect(gate.warnings()).toEqual([expect.stringContaining(message)]);
    expect(gate.warnings()[0]).toMatch(/^MCP server one cannot be used: /);
    const { length } = JSON.stringify(gates.told.filter(({ type }) => type === 'log'));
    expect(length, 'what it prints is bounded').toBeLessThan(1024 * 1024);
  });

  it.each(cases)('$reason: fails a run that cannot do without it', async ({ server, message }) => {
    const given = (await server()) as object;
    await expect(gates.open({ one: { ...given, required: true } })).rejects.toMatchObject({
      reason: 'ToolServerFailed',
      message: expect.stringContaining(message) as string,
    });
  });

  it('is given up as soon as the run is', async () => {
    const stop = new AbortController();
    const opening = gates.open({ one: program(`setInterval(() => 0, 1000)`) }, { signal: stop.signal });
    stop.abort(new Error('cancelled'));
    await expect(opening).rejects.toThrow('cancelled');
  });

  it('dies in the middle of a call: the agent learns how, and the next call starts it again', async () => {
    const gate = await gates.open({
      one: program(`${READ} ${INITIALIZED}
        if (method === 'tools/list') send({ id, result: { tools: [{ name: 'die', inputSchema: { type: 'object' } }] } });
        if (method !== 'tools/call') return;
        if (params.arguments.now) { console.error('out of memory'); process.exit(3); }
        send({ id, result: { content: [{ type: 'text', text: 'alive' }] } });
      })`),
    });
    const client = await gates.agent(gate);
    const dead = await client.callTool({ name: 'die', arguments: { now: true } });
    expect(dead).toMatchObject({ isError: true });
    expect(textOf(dead)).toContain('MCP server one: it ended with code 3: out of memory');
    expect(textOf(await client.callTool({ name: 'die', arguments: {} }))).toBe('alive');
  });

  it('closes the stream in the middle of a call: the agent does not wait for the limit', async () => {
    const service = gates.use(
      await toolService({
        call: () => new Promise(() => void setTimeout(() => void service.forget(), 10)),
      }),
    );
    const client = await gates.agent(await gates.open({ one: { url: service.url } }));
    expect(textOf(await client.callTool({ name: 'echo' }))).toContain(
      'closed the connection before it had answered',
    );
  });

  it('does not answer a call: the limit is that of its entry', async () => {
    const service = gates.use(await toolService({ call: () => new Promise(() => undefined) }));
    const client = await gates.agent(await gates.open({ one: { url: service.url, callSeconds: 0.2 } }));
    expect(textOf(await client.callTool({ name: 'echo' }))).toContain('did not answer within 0.2 s');
  });

  it('fails again and again: calls are held back, and the run says so', async () => {
    const service = await toolService();
    const gate = await gates.open({ one: { url: service.url } });
    const client = await gates.agent(gate);
    await service[Symbol.asyncDispose]();
    const answers: string[] = [];
    for (let call = 0; call < 5; call += 1) answers.push(textOf(await client.callTool({ name: 'echo' })));
    expect(answers[0]).toContain('ECONNREFUSED');
    expect(answers[4]).toMatch(/MCP server one has failed again and again; it can be tried again in \d+ s/);
    expect(gate.warnings()).toEqual([
      'MCP server one fails again and again; calls are held back for a while',
    ]);
  });
});

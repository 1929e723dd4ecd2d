import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { INITIALIZED, MadeUpGate, READ, SECRET, program, textOf } from './made-up-gate.ts';
import { said, tool, toolService } from './made-up-servers.ts';

let gates: MadeUpGate;
beforeEach(() => {
  gates = new MadeUpGate();
});
afterEach(() => gates[Symbol.asyncDispose]());

describe('a server that works', () => {
  it('is served on loopback with a token, whatever its headers are', async () => {
    const service = gates.use(await toolService());
    const gate = await gates.open({
      one: { url: service.url, headers: { Authorization: `Bearer ${SECRET}` } },
    });
    expect(gate.servers.map(({ name }) => name)).toEqual(['one', 'troupe']);
    expect(JSON.stringify(gate.servers)).not.toContain(SECRET);
    const client = await gates.agent(gate);
    expect(client.getInstructions()).toBe('Be kind.');
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo']);
    expect(textOf(await client.callTool({ name: 'echo', arguments: { a: 1 } }))).toBe('echo {"a":1}');
    expect(service.headers.every(({ authorization }) => authorization === `Bearer ${SECRET}`)).toBe(true);
    expect(gate.warnings()).toEqual([]);
  });

  it.each([
    { reason: 'no token', headers: {} },
    { reason: 'another token', headers: { authorization: 'Bearer no' } },
  ])('answers 401: $reason', async ({ headers }) => {
    const gate = await gates.open({ one: { url: gates.use(await toolService()).url } });
    const response = await fetch(gate.servers[0]?.url ?? '', { method: 'POST', headers, body: '{}' });
    expect(response.status).toBe(401);
  });

  it('is a program, with its variables, and ends with the run', async () => {
    const file = path.join(gates.folder, 'ended');
    const gate = await gates.open({
      one: program(
        `${READ} ${INITIALIZED}
        if (method === 'tools/list') send({ id, result: { tools: [{ name: 'env', inputSchema: { type: 'object' } }] } });
        if (method === 'tools/call') send({ id, result: { content: [{ type: 'text', text: process.env.GREETING }] } });
      });
      process.stdin.on('end', () => require('node:fs').writeFileSync(${JSON.stringify(file)}, ''));`,
        { env: { GREETING: 'hello' } },
      ),
    });
    expect(textOf(await (await gates.agent(gate)).callTool({ name: 'env' }))).toBe('hello');
    await gate.close();
    expect(existsSync(file)).toBe(true);
  });

  it('passes progress on, and the end of a call that is given up', async () => {
    let cancelled = false;
    const service = gates.use(
      await toolService({
        async call(_, __, extra) {
          const token = extra._meta?.progressToken;
          if (token !== undefined) {
            await extra.sendNotification({
              method: 'notifications/progress',
              params: { progressToken: token, progress: 1, message: 'half' },
            });
          }
          await new Promise<void>((resolve) => extra.signal.addEventListener('abort', () => resolve()));
          cancelled = true;
          return said('late');
        },
      }),
    );
    const client = await gates.agent(await gates.open({ one: { url: service.url } }));
    const giveUp = new AbortController();
    const call = client.callTool({ name: 'echo' }, undefined, {
      signal: giveUp.signal,
      onprogress: ({ message }) => giveUp.abort(new Error(message)),
    });
    await expect(call).rejects.toThrow('half');
    await expect.poll(() => cancelled).toBe(true);
  });

  it('is connected to again when it has forgotten the session', async () => {
    const service = gates.use(await toolService());
    const client = await gates.agent(await gates.open({ one: { url: service.url } }));
    await service.forget();
    expect(textOf(await client.callTool({ name: 'echo' }))).toBe('echo {}');
  });

  it('has its tools read again when they change, and the agent is told', async () => {
    const service = gates.use(await toolService());
    const client = await gates.agent(await gates.open({ one: { url: service.url } }));
    const heard = new Promise<void>((resolve) => {
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve());
    });
    service.tools = [tool('echo'), tool('second')];
    await service.changed();
    await heard;
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'second']);
  });
});

describe('a list of tools', () => {
  it('of 10,000 is cut, and that is told', async () => {
    const tools = Array.from({ length: 10_000 }, (_, index) => tool(`t${index}`));
    const gate = await gates.open({ one: { url: gates.use(await toolService({ tools })).url } });
    expect((await (await gates.agent(gate)).listTools()).tools).toHaveLength(1000);
    expect(gate.warnings()).toEqual([
      'MCP server one: tools are left out: only the first 1000 tools are taken',
    ]);
  });

  it('without an end is cut', async () => {
    const gate = await gates.open({
      one: program(`${READ} ${INITIALIZED}
        if (method === 'tools/list') send({ id, result: { tools: [], nextCursor: 'again' } });
      })`),
    });
    expect(gate.warnings()).toEqual(['MCP server one: tools are left out: the list has more than 100 pages']);
  });
});

it('a server gone wild with news does not keep the gate busy', async () => {
  const log = path.join(gates.folder, 'lists');
  const gate = await gates.open({
    one: program(`${READ} ${INITIALIZED}
      if (method !== 'tools/list') return;
      require('node:fs').appendFileSync(${JSON.stringify(log)}, 'x');
      send({ id, result: { tools: [] } });
      for (let i = 0; i < 1000; i += 1) send({ method: 'notifications/tools/list_changed' });
    })`),
  });
  await delay(50);
  await gate.close();
  expect(readFileSync(log, 'utf8').length).toBeLessThanOrEqual(3);
});

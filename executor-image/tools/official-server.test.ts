import { createRequire } from 'node:module';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MadeUpGate, textOf } from './made-up-gate.ts';

/** The protocol's own server of examples, which uses all of the protocol. */
const PACKAGE = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-everything/package.json',
);
const everything = {
  command: process.execPath,
  args: [path.join(path.dirname(PACKAGE), 'dist', 'index.js'), 'stdio'],
};

let gates: MadeUpGate;
beforeEach(() => {
  gates = new MadeUpGate();
});
afterEach(() => gates[Symbol.asyncDispose]());

it('tools, prompts, resources, completion and progress pass the gate', async () => {
  const gate = await gates.open({ everything });
  expect(gate.warnings()).toEqual([]);
  const client = await gates.agent(gate);
  const { tools } = await client.listTools();
  expect(tools.length).toBeGreaterThan(5);
  expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hi' } }))).toContain('hi');
  const { prompts } = await client.listPrompts();
  expect(prompts.length).toBeGreaterThan(0);
  const { resources } = await client.listResources();
  const [resource] = resources;
  expect((await client.readResource({ uri: resource?.uri ?? '' })).contents).toHaveLength(1);
  const progress: number[] = [];
  const long = { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 2 } };
  await client.callTool(long, undefined, { onprogress: (told) => progress.push(told.progress) });
  expect(progress.length).toBeGreaterThan(0);
});

it('a server that asks for a model, or for a person, finds none', async () => {
  const gate = await gates.open({ everything });
  const client = await gates.agent(gate);
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names.filter((name) => /sampling|elicit|roots/i.test(name))).toEqual([]);
});

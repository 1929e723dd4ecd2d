import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunToolCall } from '#executor-manager/protocol/action';
import { MadeUpGate } from '../../tools/made-up-gate.ts';
import { said, tool, toolService } from '../../tools/made-up-servers.ts';
import type { ToolService } from '../../tools/made-up-servers.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Permissions } from '../../run/permissions.ts';
import { callTool } from './tool-call.ts';

let parts: MadeUpGate;
let service: ToolService;
beforeEach(async () => {
  parts = new MadeUpGate();
  const tools = ['words', 'json', 'structured', 'broken'].map((name) => tool(name));
  service = parts.use(
    await toolService({
      tools,
      call: (name, input) => {
        if (name === 'json') return said(JSON.stringify(input));
        if (name === 'structured') return { content: [], structuredContent: { found: input['id'] } };
        if (name === 'broken') return { ...said('no such issue'), isError: true };
        return said('some words');
      },
    }),
  );
});
afterEach(() => parts[Symbol.asyncDispose]());

async function call(given: Partial<RunToolCall>, permissions?: Partial<Permissions>) {
  const servers = { tracker: { url: service.url } };
  const context = madeUpContext(parts.told);
  const gate = await parts.open(servers, {
    tellsCalls: true,
    permissions: { ...context.permissions, ...permissions },
  });
  const asked = { server: 'tracker', tool: 'words', arguments: {}, ...given };
  return callTool(asked, { ...context, toolServers: gate.servers });
}

describe('a call of a tool', () => {
  it.each([
    { why: 'words', tool: 'words', arguments: {}, result: { value: 'some words' } },
    {
      why: 'words that are JSON',
      tool: 'json',
      arguments: { id: 7 },
      result: { value: '{"id":7}', output: { id: 7 } },
    },
    {
      why: 'a structured result',
      tool: 'structured',
      arguments: { id: 'x' },
      result: { value: '', output: { found: 'x' } },
    },
  ])('has $why for its result', async ({ result, ...given }) => {
    expect(await call(given)).toEqual(result);
    expect(service.calls).toEqual([given.tool]);
  });

  it('is told in the log by the gate', async () => {
    await call({ tool: 'json', arguments: { id: 7 } });
    expect(parts.told.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['tool_call', 'tool_result']) as string[],
    );
  });

  it('is judged, and then not made', async () => {
    const deny = () => Promise.resolve({ behavior: 'deny', message: 'Not allowed.' } as const);
    await expect(call({ tool: 'words' }, { decide: deny })).rejects.toMatchObject({
      reason: 'ActionFailed',
      message: 'Not allowed.',
    });
    expect(service.calls).toEqual([]);
  });

  it.each([
    {
      why: 'an error of the tool',
      given: { tool: 'broken' },
      failure: { reason: 'ActionFailed', message: 'no such issue' },
    },
    { why: 'a tool that is not there', given: { tool: 'none' }, failure: { reason: 'ActionFailed' } },
    { why: 'a server that is not there', given: { server: 'other' }, failure: { reason: 'StartFailed' } },
  ])('fails for $why', async ({ given, failure }) => {
    await expect(call(given)).rejects.toMatchObject(failure);
  });
});

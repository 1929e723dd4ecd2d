import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { RunToolCall } from '#executor-manager/protocol/action';
import { RunFailure, describeError } from '../../run-failure.ts';
import { cutText } from '../../text/cut.ts';
import type { AdapterContext, ToolServer } from '../adapter.ts';
import type { ActionResult } from './action-result.ts';
import { checkSize, jsonOf } from './json-output.ts';

/** A call may wait for a person; the limits are those of the run and of the gate. */
const CALL_MS = 2 ** 31 - 1;
const MESSAGE_BYTES = 2000;

/**
 * Calls one tool through the gate, which judges the call, bounds it and tells of it. The output is what the tool gives as
 * structured content, or its text where that is JSON.
 * Throws RunFailure ActionFailed for an error of the tool and for a call that is not allowed, and the signal's reason.
 */
export async function callTool(call: RunToolCall, context: AdapterContext): Promise<ActionResult> {
  const { signal } = context;
  const server = context.toolServers.find(({ name }) => name === call.server);
  if (server === undefined) throw new RunFailure('StartFailed', `there is no MCP server ${call.server}`);
  const client = new Client({ name: 'troupe-action', version: '1' });
  try {
    await client.connect(transportOf(server), { signal });
    const answer = await client.callTool({ name: call.tool, arguments: call.arguments }, undefined, {
      ...{ signal, timeout: CALL_MS },
      resetTimeoutOnProgress: true,
    });
    return resultOf(answer);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunFailure) throw error;
    throw new RunFailure('ActionFailed', `${call.tool}: ${describeError(error)}`, error);
  } finally {
    await client.close();
  }
}

/** Its optional fields and the client's are declared in two ways that the compiler tells apart. */
function transportOf({ url, token }: ToolServer): Parameters<Client['connect']>[0] {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const transport: unknown = new StreamableHTTPClientTransport(new URL(url), { requestInit });
  return transport as Parameters<Client['connect']>[0];
}

function resultOf({ content, structuredContent, isError }: Record<string, unknown>): ActionResult {
  const value = textOf(content);
  if (isError === true)
    throw new RunFailure('ActionFailed', cutText(value, MESSAGE_BYTES) || 'the tool failed');
  const output = structuredContent ?? jsonOf(value);
  if (output === undefined) return { value };
  checkSize(output);
  return { value, output };
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return '';
  const blocks = content as { type?: unknown; text?: unknown }[];
  return blocks
    .map(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : `[${String(type)}]`))
    .join('\n');
}

import type { RunToolCall } from '#executor-manager/protocol/action';
import { RunFailure, describeError } from '../../run-failure.ts';
import { cutText } from '../../text/cut.ts';
import { CALL_OPTIONS, connectToGate, textOfResult } from '../../tools/gate-client.ts';
import type { AdapterContext, ToolServer } from '../adapter.ts';
import type { ActionResult } from './action-result.ts';
import { checkSize, jsonOf } from './json-output.ts';

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
  try {
    return resultOf(await answerOf(server, call, signal));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RunFailure) throw error;
    throw new RunFailure('ActionFailed', `${call.tool}: ${describeError(error)}`, error);
  }
}

async function answerOf(
  server: ToolServer,
  { tool, arguments: given }: RunToolCall,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const client = await connectToGate(server, { name: 'troupe-action', signal });
  try {
    return await client.callTool({ name: tool, arguments: given }, undefined, { ...CALL_OPTIONS, signal });
  } finally {
    await client.close();
  }
}

function resultOf({ content, structuredContent, isError }: Record<string, unknown>): ActionResult {
  const value = textOfResult(content);
  if (isError === true)
    throw new RunFailure('ActionFailed', cutText(value, MESSAGE_BYTES) || 'the tool failed');
  const output = structuredContent ?? jsonOf(value);
  if (output === undefined) return { value };
  checkSize(output);
  return { value, output };
}

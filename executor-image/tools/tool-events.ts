import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';
import type { RunMeter } from '../run/run-meter.ts';
import type { CallOutcome } from './gated-server.ts';

export interface ToldCall {
  id: string;
  /** `mcp__SERVER__TOOL`. */
  name: string;
  input: Record<string, unknown>;
}

interface Listeners {
  events: Pick<EventSink, 'emit'>;
  meter: Pick<RunMeter, 'toolCall'>;
  clock: Clock;
}

/** Tells the log and the meter of a call, for programs that do not do it themselves. */
export async function tellCall(
  { events, meter, clock }: Listeners,
  { id, name, input }: ToldCall,
  call: Promise<CallOutcome>,
): Promise<CallOutcome> {
  meter.toolCall(name, input);
  events.emit('tool_call', { id, name, input });
  const begin = clock.elapsed();
  const end = (output: string, isError: boolean, more: Record<string, unknown> = {}): void =>
    events.emit('tool_result', { id, output, isError, durationMs: clock.elapsed() - begin, ...more });
  try {
    const outcome = await call;
    const { result, level, cached } = outcome;
    end(textOf(result), result.isError === true, { level, ...(cached && { cached }) });
    return outcome;
  } catch (error) {
    end(error instanceof Error ? error.message : String(error), true);
    throw error;
  }
}

function textOf({ content }: CallToolResult): string {
  return content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join('\n');
}

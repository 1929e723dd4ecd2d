import type { ServerResponse } from 'node:http';
import { once } from 'node:events';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { AnswerPart } from '#model-protocols/answer';
import { formatEvent } from '#model-protocols/server-sent-events';
import type { WireProtocol } from '#model-protocols/wire-protocol';
import type { Step } from './script.ts';

export interface StreamOptions {
  /** Those of the step, as answerParts gives them. */
  parts: readonly AnswerPart[];
  step: Step;
  protocol: WireProtocol;
  clock: Clock;
  /** Aborts when the client leaves. */
  signal: AbortSignal;
}

/** Streams an answer, with whatever is wrong about it. Throws the signal's reason. */
export async function streamAnswer(response: ServerResponse, options: StreamOptions): Promise<void> {
  const { step, parts, signal } = options;
  if (isSilent(step)) {
    if (step.ending === 'close') response.destroy();
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const writer = options.protocol.createWriter();
  const send = async (text: string): Promise<void> => {
    const flushed = response.write(text);
    if (!flushed) await once(response, 'drain', { signal });
  };
  const pause = pauseIn(options);
  const say = async (part: AnswerPart): Promise<void> => {
    for (const event of writer.write(part)) {
      await send(formatEvent(event));
      if (step.chunkDelayMs > 0) await sleep(options.clock, step.chunkDelayMs, signal);
    }
    await pause(part);
  };
  const endAt = parts.findIndex(({ type }) => type === 'usage' || type === 'failure');
  const [words, end] = endAt === -1 ? [parts, []] : [parts.slice(0, endAt), parts.slice(endAt)];
  for (const part of words) await say(part);
  if (step.eventBytes !== undefined) await send(largeEvent(step.eventBytes));
  if (step.raw !== undefined) await send(step.raw);
  while (step.ending === 'endless') await repeat(words, say);
  for (const part of end) await say(part);
  finish(response, step);
}

/** Whether nothing at all is said before the end that does not come. */
function isSilent({ ending, reply, thinking, toolCalls, raw, eventBytes }: Step): boolean {
  if (ending !== 'hang' && ending !== 'close') return false;
  const said = [reply, thinking, raw, eventBytes].some((value) => value !== undefined);
  return !said && toolCalls.length === 0;
}

/** Says nothing for the step's time once, when half of the answer is said. */
function pauseIn({ parts, step, clock, signal }: StreamOptions): (said: AnswerPart) => Promise<void> {
  const middle = parts[Math.floor((parts.length - 1) / 2)];
  return async (said) => {
    if (step.pauseMs > 0 && said === middle) await sleep(clock, step.pauseMs, signal);
  };
}

async function repeat(words: readonly AnswerPart[], say: (part: AnswerPart) => Promise<void>): Promise<void> {
  const texts = words.filter(({ type }) => type === 'text' || type === 'thinking');
  for (const part of texts) await say(part);
  // Other requests are served between two rounds, though the client reads as fast as this is written.
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

/** An event that says nothing in any protocol. */
function largeEvent(bytes: number): string {
  const frame = { type: 'padding', padding: '' };
  const overhead = formatEvent({ data: JSON.stringify(frame) }).length;
  return formatEvent({
    data: JSON.stringify({ ...frame, padding: 'x'.repeat(Math.max(0, bytes - overhead)) }),
  });
}

function finish(response: ServerResponse, { ending }: Step): void {
  if (ending === 'complete') response.end();
  // Ending the socket sends what was written; destroying it at once might not.
  if (ending === 'close') response.socket?.end();
}

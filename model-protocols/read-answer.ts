import type { AnswerPart } from './answer.ts';
import { notJson } from './failure.ts';
import { parseJson } from './json-value.ts';
import { EventTooLargeError, readEvents } from './server-sent-events.ts';
import type { WireProtocol } from './wire-protocol.ts';

export interface ReadAnswerOptions {
  protocol: WireProtocol;
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Of the answer. */
  contentType: string | null;
  /** Limit of one event, and of an answer that is not a stream. */
  maxEventBytes: number;
}

/**
 * The parts of an answer while it comes in, ending with `end` or `failure` if it is whole. An answer that was asked
 * for as a stream and comes in one piece, as some services send it, is read too.
 * Throws EventTooLargeError, and what `body` throws.
 */
export async function* readAnswer(options: ReadAnswerOptions): AsyncGenerator<AnswerPart, void, undefined> {
  const parts = isOnePiece(options.contentType) ? readWhole(options) : readStream(options);
  for await (const part of parts) {
    yield part;
    if (part.type === 'end' || part.type === 'failure') return;
  }
}

function isMalformed(part: AnswerPart): boolean {
  return part.type === 'failure' && part.failure.kind === 'malformed';
}

function isOnePiece(contentType: string | null): boolean {
  return /^application\/json\b/i.test(contentType ?? '');
}

async function* readStream({
  protocol,
  body,
  maxEventBytes,
}: ReadAnswerOptions): AsyncGenerator<AnswerPart, void, undefined> {
  const reader = protocol.createReader();
  for await (const { data, isWhole } of readEvents(body, maxEventBytes)) {
    const parts = reader.read(data);
    // The rest of an answer that was cut off within an event: the missing end says it.
    if (isWhole || !parts.some(isMalformed)) yield* parts;
  }
  yield* reader.finish();
}

async function* readWhole({
  protocol,
  body,
  maxEventBytes,
}: ReadAnswerOptions): AsyncGenerator<AnswerPart, void, undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of body) {
    size += bytes.length;
    if (size > maxEventBytes) throw new EventTooLargeError(`the answer exceeds ${maxEventBytes} bytes`);
    pieces.push(bytes);
  }
  const value = parseJson(Buffer.concat(pieces).toString('utf8'));
  yield* value === undefined
    ? [{ type: 'failure', failure: notJson('an answer') }]
    : protocol.readWhole(value);
}

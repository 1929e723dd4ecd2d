import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anthropic } from './anthropic/anthropic.ts';
import { collectAnswer } from './answer.ts';
import type { Answer, AnswerPart, StopReason } from './answer.ts';
import { openaiResponses } from './openai-responses/openai-responses.ts';
import { openai } from './openai/openai.ts';
import { readAnswer } from './read-answer.ts';
import { formatEvent } from './server-sent-events.ts';
import type { WireProtocol } from './wire-protocol.ts';

const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
const count = fc.nat({ max: 1_000_000 });
const usage = fc.record({
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
});
const stopReason = fc.constantFrom<StopReason>('complete', 'toolCalls', 'length', 'refused');

const text = fc.array(
  word.map((text): AnswerPart => ({ type: 'text', text })),
  { minLength: 1, maxLength: 3 },
);
const thinking = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.option(word))
  .map(([texts, signature]) => {
    const parts = texts.map((text): AnswerPart => ({ type: 'thinking', text }));
    return signature === null ? parts : parts.concat({ type: 'signature', signature });
  });
/** The input is a JSON object, cut anywhere. */
const toolCall = fc
  .tuple(word, word, fc.dictionary(word, fc.jsonValue(), { maxKeys: 2 }), fc.nat())
  .map(([id, name, value, cut]): AnswerPart[] => {
    const json = JSON.stringify(value);
    const at = 1 + (cut % (json.length - 1));
    return [
      { type: 'toolCall', id, name },
      { type: 'toolInput', json: json.slice(0, at) },
      { type: 'toolInput', json: json.slice(at) },
    ];
  });

const answer = fc
  .record({
    id: fc.string(),
    model: fc.string(),
    early: fc.option(usage),
    content: fc.array(fc.oneof(text, thinking, toolCall), { maxLength: 6 }),
    usage,
    stop: stopReason,
  })
  .map(({ id, model, early, content, usage, stop }) => {
    const start: AnswerPart[] = [{ type: 'start', id, model, ...(early === null ? {} : { usage: early }) }];
    const ending: AnswerPart[] = [{ type: 'usage', usage }, { type: 'stop', reason: stop }, { type: 'end' }];
    return start.concat(content.flat(), ending);
  });

/** The stream as bytes, cut into pieces of the given sizes in turn. */
function streamOf(protocol: WireProtocol, parts: readonly AnswerPart[], sizes: readonly number[]): Buffer[] {
  const writer = protocol.createWriter();
  const events = parts.flatMap((part) => writer.write(part));
  const bytes = Buffer.from(events.map((event) => formatEvent(event)).join(''));
  const pieces: Buffer[] = [];
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    pieces.push(bytes.subarray(start, start + size));
    start += size;
  }
  return pieces;
}

async function read(protocol: WireProtocol, body: Buffer[], contentType = 'text/event-stream') {
  const parts: AnswerPart[] = [];
  const options = { protocol, body, contentType, maxEventBytes: 1024 * 1024 };
  for await (const part of readAnswer(options)) parts.push(part);
  return parts;
}

/** The parts of an answer that OpenAI's protocol keeps: no signatures, so that the thinking around one is one. */
function withoutSignatures(parts: readonly AnswerPart[]): AnswerPart[] {
  return parts.filter(({ type }) => type !== 'signature');
}

/** In a whole Completion thinking, text and calls stand in fields of their own. */
function grouped(answer: Answer): Answer {
  const of = (type: string) => answer.blocks.filter((block) => block.type === type);
  const joined = (type: 'thinking' | 'text') => {
    const text = of(type)
      .map((block) => ('text' in block ? block.text : ''))
      .join('');
    return text === '' ? [] : [{ type, text }];
  };
  return { ...answer, blocks: [...joined('thinking'), ...joined('text'), ...of('toolCall')] };
}

/** In a Response the calls say that the answer waits for results. */
function withStopOfCalls(parts: readonly AnswerPart[]): AnswerPart[] {
  const waits = parts.some(({ type }) => type === 'toolCall');
  return parts.map((part) => {
    if (part.type !== 'stop' || !['complete', 'toolCalls'].includes(part.reason)) return part;
    return { type: 'stop', reason: waits ? 'toolCalls' : 'complete' };
  });
}

interface Row {
  protocol: WireProtocol;
  /** What the protocol keeps of an answer. */
  kept: (parts: readonly AnswerPart[]) => AnswerPart[];
  whole: (answer: Answer) => Answer;
}

const ROWS: Row[] = [
  { protocol: anthropic, kept: (parts) => [...parts], whole: (answer) => answer },
  { protocol: openai, kept: withoutSignatures, whole: grouped },
  { protocol: openaiResponses, kept: withStopOfCalls, whole: (answer) => answer },
];

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 });

describe.each(ROWS)('$protocol.name', ({ protocol, kept, whole }) => {
  it('reads the stream that it writes, whatever the pieces it comes in', async () => {
    await fc.assert(
      fc.asyncProperty(answer, sizes, async (parts, sizes) => {
        const found = await read(protocol, streamOf(protocol, parts, sizes));
        expect(found.at(-1)).toEqual({ type: 'end' });
        expect(collectAnswer(found)).toEqual(collectAnswer(kept(parts)));
      }),
    );
  });

  it('reads the whole answer that it writes', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (parts) => {
        const collected = collectAnswer(kept(parts));
        const body = JSON.stringify(protocol.writeWhole(collected));
        const found = await read(protocol, [Buffer.from(body)], 'application/json; charset=utf-8');
        const thereIs = collectAnswer(found);
        expect(withParsedInputs(thereIs)).toEqual(withParsedInputs(whole(collected)));
      }),
    );
  });

  it('of a stream that is cut off anywhere it reads a beginning, and no end', async () => {
    await fc.assert(
      fc.asyncProperty(answer, fc.nat(), async (parts, cut) => {
        // Without the parts that say that the answer is whole.
        const open = parts.slice(0, -2);
        const [bytes = Buffer.alloc(0)] = streamOf(protocol, open, [Number.MAX_SAFE_INTEGER]);
        const found = await read(protocol, [bytes.subarray(0, cut % (bytes.length + 1))]);
        for (const { type } of found) expect(['end', 'stop', 'failure']).not.toContain(type);
      }),
    );
  });

  it.each(ROWS.filter((row) => row.protocol !== protocol))(
    'reads from $protocol.name what it writes again',
    async ({ protocol: other, kept: keptByOther }) => {
      await fc.assert(
        fc.asyncProperty(answer, sizes, async (parts, sizes) => {
          const translated = await read(other, streamOf(other, parts, sizes));
          const found = await read(protocol, streamOf(protocol, translated, sizes));
          expect(collectAnswer(found)).toEqual(collectAnswer(kept(keptByOther(parts))));
        }),
      );
    },
  );
});

it('the input of a call as free text goes through the Responses API letter by letter', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1 }), sizes, async (json, sizes) => {
      const parts: AnswerPart[] = [
        { type: 'start', id: 'r', model: 'm' },
        { type: 'toolCall', id: 'c', name: 'apply_patch', isFreeText: true },
        { type: 'toolInput', json },
        { type: 'stop', reason: 'toolCalls' },
        { type: 'end' },
      ];
      const whole = JSON.stringify(openaiResponses.writeWhole(collectAnswer(parts)));
      for (const found of [
        await read(openaiResponses, streamOf(openaiResponses, parts, sizes)),
        await read(openaiResponses, [Buffer.from(whole)], 'application/json'),
      ]) {
        const [block] = collectAnswer(found).blocks;
        expect(block).toEqual({
          type: 'toolCall',
          id: 'c',
          name: 'apply_patch',
          input: json,
          isFreeText: true,
        });
      }
    }),
  );
});

/** A whole Message has inputs as values: their spelling is not kept. */
function withParsedInputs({ blocks, ...others }: Answer): unknown {
  return {
    ...others,
    blocks: blocks.map((block) =>
      block.type === 'toolCall' ? { ...block, input: JSON.parse(block.input) as unknown } : block,
    ),
  };
}

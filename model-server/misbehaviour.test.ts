import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { createManualClock } from '#api/machinery/manual-clock';
import { anthropic } from '#model-protocols/anthropic/anthropic';
import { collectAnswer } from '#model-protocols/answer';
import type { AnswerPart } from '#model-protocols/answer';
import { openaiResponses } from '#model-protocols/openai-responses/openai-responses';
import { openai } from '#model-protocols/openai/openai';
import { readAnswer } from '#model-protocols/read-answer';
import { parseScript } from './load-script.ts';
import { startModelServer } from './model-server.ts';
import type { ModelServer } from './model-server.ts';

const SCRIPT = `
- { when: { contains: cut }, reply: Half of, stop: length }
- { when: { contains: filter }, reply: I will, stop: refused }
- { when: { contains: busy }, reply: Well, failure: { kind: overloaded, message: too busy } }
- { when: { contains: broken }, reply: Well, raw: "data: {\\"choi\\n\\n" }
- { when: { contains: large }, reply: Well, eventBytes: 10485760 }
- { when: { contains: endless }, reply: again, endless: true }
- { when: { contains: pause }, reply: The first half and the second half of it, pause: 10m }
- { when: { contains: patch }, toolCall: { name: apply_patch, input: '*** Begin Patch' } }
`;

let server: ModelServer;
const clock = createManualClock();
beforeAll(async () => {
  const script = parseScript(SCRIPT);
  server = await startModelServer({ host: '127.0.0.1', port: 0, script, logger: silentLogger, clock });
});
afterAll(() => server.close());

async function all(parts: AsyncIterable<AnswerPart>): Promise<AnswerPart[]> {
  const found: AnswerPart[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

const message = (content: string) => ({ messages: [{ role: 'user', content }] });

describe.each([
  { protocol: anthropic, path: '/v1/messages', asking: message },
  { protocol: openai, path: '/v1/chat/completions', asking: message },
  { protocol: openaiResponses, path: '/v1/responses', asking: (input: string) => ({ input }) },
])('$protocol.name', ({ protocol, path, asking }) => {
  const ask = (prompt: string, stream = true): Promise<Response> =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', stream, ...asking(prompt) }),
    });

  async function* parts(response: Response, maxEventBytes = 1024): AsyncGenerator<AnswerPart> {
    const contentType = response.headers.get('content-type');
    yield* readAnswer({ protocol, body: response.body ?? [], contentType, maxEventBytes });
  }

  it.each([true, false])('an answer is cut off (stream: %s)', async (stream) => {
    for (const [prompt, stop] of [
      ['cut', 'length'],
      ['filter', 'refused'],
    ] as const) {
      const answer = collectAnswer(await all(parts(await ask(prompt, stream), 1e6)));
      expect(answer.stop, prompt).toBe(stop);
    }
  });

  it('fails in the middle of a stream, and with a status outside of one', async () => {
    const found = await all(parts(await ask('busy')));
    const failure = { kind: 'overloaded', message: 'too busy' };
    expect(found.at(-1)).toEqual({ type: 'failure', failure });
    expect(collectAnswer(found).blocks).toEqual([{ type: 'text', text: 'Well' }]);
    expect((await ask('busy', false)).status).toBe(529);
  });

  it('sends an event that is not one', async () => {
    const found = await all(parts(await ask('broken')));
    expect(found.at(-1)).toMatchObject({ type: 'failure', failure: { kind: 'malformed' } });
  });

  it('sends an event of 10 MiB', async () => {
    await expect(all(parts(await ask('large')))).rejects.toThrow('exceeds 1024 bytes');
    const found = await all(parts(await ask('large'), 11 * 1024 * 1024));
    expect(collectAnswer(found)).toMatchObject({ stop: 'complete', blocks: [{ text: 'Well' }] });
  });

  it('never ends, while others are served', async () => {
    let count = 0;
    for await (const { type } of parts(await ask('endless'))) {
      if (type === 'text' && ++count === 5000) break;
    }
    expect(count).toBe(5000);
    expect((await ask('cut', false)).status).toBe(200);
  });

  it('is silent in the middle of an answer for its time', async () => {
    const reading = all(parts(await ask('pause')));
    await vi.waitUntil(() => clock.pending === 1);
    clock.advance(600_000);
    const answer = collectAnswer(await reading);
    expect(answer.blocks).toEqual([{ type: 'text', text: 'The first half and the second half of it' }]);
  });
});

it('a tool that takes free text is called with it', async () => {
  const response = await fetch(`${server.url}/v1/responses`, {
    method: 'POST',
    body: JSON.stringify({ input: 'patch' }),
  });
  const call = { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch' };
  expect(await response.json()).toMatchObject({ output: [call] });
});

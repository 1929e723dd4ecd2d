import { describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { MODEL_PROTOCOLS } from '#executor-manager/protocol/run';
import type { ModelProtocol, RunRequest } from '#executor-manager/protocol/run';
import { parseScript } from '#model-server/load-script';
import { startModelServer } from '#model-server/model-server';
import { systemClock } from '../../clock.ts';
import { takeTurns } from '../../run/agent-turns.ts';
import { Controls } from '../../run/run-controls.ts';
import { said, tool, toolService } from '../../tools/made-up-servers.ts';
import { openToolGate } from '../../tools/tool-gate.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { chatAdapter } from './chat-adapter.ts';

/** Conversations of several turns, with the scripted model in each of its protocols and a real MCP server. */

const protocols = MODEL_PROTOCOLS.filter((protocol) => protocol !== 'dify');
const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

interface Talk {
  protocol: ModelProtocol;
  script: string;
  request?: Partial<RunRequest>;
  controls?: Controls;
  onTold?: (told: Told) => void;
  /** MCP servers, as a Ghost names them. */
  servers?: Record<string, unknown>;
}

async function talk({ protocol, script, request, servers = {}, onTold, ...parts }: Talk) {
  const model = await startModelServer({
    ...{ host: '127.0.0.1', port: 0, script: parseScript(script), logger: silentLogger },
  });
  const told: Told[] = [];
  const context = madeUpContext(told, { ...(parts.controls && { controls: parts.controls }) });
  const { text } = context.events;
  context.events.text = (type, words, more) => {
    text(type, words, more);
    onTold?.({ type, data: { text: words } });
  };
  const gate = await openToolGate({
    ...{ servers, folder: '/', environment: {}, runId: 'r', signal: context.signal, clock: systemClock },
    ...{ events: context.events, meter: context.meter, permissions: context.permissions },
    ...{ clean: (text) => text, startsPrograms: false, tellsCalls: true },
  });
  try {
    const baseURL = protocol === 'anthropic' ? model.url : `${model.url}/v1`;
    const answer = await takeTurns({
      adapter: chatAdapter(),
      request: {
        ...{ shell: { type: 'Chat' }, agent: { name: 'a', systemPrompt: 'Be brief.' } },
        ...{ prompt: 'Hello', timeoutSeconds: 60 },
        ...request,
        model: { protocol, name: 'm', baseURL, apiKey: 'token' },
      },
      context: { ...context, toolServers: gate.servers },
      sessionId: () => undefined,
      onTurnEnd: () => undefined,
      refusal: () => undefined,
    });
    return { answer, told, warnings: gate.warnings() };
  } finally {
    await gate.close();
    await model.close();
  }
}

describe.each(protocols)('Chat in the protocol %s', (protocol) => {
  it('calls tools, and goes on with what they say', async () => {
    await using server = await toolService({
      tools: [tool('weather', { description: 'The weather.' }), tool('fail')],
      call: (name, { city }) =>
        name === 'fail' ? { ...said('no such place'), isError: true } : said(`Rain in ${String(city)}`),
    });
    const { answer, told } = await talk({
      ...{ protocol, servers: { sky: { type: 'http', url: server.url } } },
      script: `
- when: { offersTool: mcp__sky__weather }
  steps:
    - thinking: I look.
      toolCalls:
        - { name: mcp__sky__weather, input: { city: Rome } }
        - { name: mcp__sky__fail, input: {} }
        - { name: nowhere, input: {} }
    - reply: 'It said: {{toolResult}}'
`,
    });
    expect(answer.value).toBe('It said: There is no tool nowhere.');
    expect(server.calls).toEqual(['weather', 'fail']);
    expect(told.filter(({ type }) => type === 'tool_result').map(({ data }) => data['output'])).toEqual(
      expect.arrayContaining(['Rain in Rome', 'no such place']),
    );
    expect(told.filter(({ type }) => type === 'usage')).toHaveLength(2);
  });

  it('hands pictures on', async () => {
    const { answer } = await talk({
      protocol,
      script: "- when: { hasImage: true }\n  reply: 'I see {{images}}'\n",
      request: { images: [{ mediaType: 'image/png', data: PICTURE }] },
    });
    expect(answer.value).toContain('I see image/png');
  });

  it('knows what was said before', async () => {
    const { answer } = await talk({
      protocol,
      script: "- when: { turn: 1, contains: And }\n  reply: 'After {{prompt}}'\n",
      request: {
        history: [
          { role: 'user', text: 'Who are you?' },
          { role: 'assistant', text: 'A model.' },
        ],
        prompt: 'And now?',
      },
    });
    expect(answer.value).toBe('After And now?');
  });

  it('mends an answer that does not fit its schema, in the same conversation', async () => {
    const { answer } = await talk({
      protocol,
      script: `
- when: { contains: does not fit the JSON Schema }
  reply: '{"n": 1}'
- when: { contains: JSON Schema }
  reply: '{"n": "one"}'
`,
      request: {
        output: {
          schema: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] },
        },
      },
    });
    expect(answer.output).toEqual({ n: 1 });
  });

  it('takes words while it works, before its next question', async () => {
    const controls = new Controls();
    const { answer } = await talk({
      ...{ protocol, controls },
      script: `
- when: { contains: Shorter }
  reply: Short.
- reply: A long answer
  chunkDelay: 20ms
`,
      onTold: () => void controls.take({ id: 'i1', type: 'message', text: 'Shorter, please' }),
    });
    expect(answer.value).toBe('Short.');
  });

  it('is interrupted, and says so', async () => {
    const controls = new Controls();
    const { answer } = await talk({
      ...{ protocol, controls },
      script: '- reply: One two\n  hang: true\n',
      onTold: ({ data }) => {
        if (String(data['text']).includes('two')) void controls.take({ id: 'i1', type: 'interrupt' });
      },
    });
    expect(answer).toEqual({ value: 'One two', warnings: ['The answer was interrupted.'] });
  });

  it('is interrupted by words, and goes on with them', async () => {
    const controls = new Controls();
    const { answer } = await talk({
      ...{ protocol, controls },
      script: `
- when: { contains: Stop }
  reply: Stopped.
- reply: One two
  hang: true
`,
      onTold: ({ data }) => {
        if (!String(data['text']).includes('two')) return;
        void controls.take({ id: 'i1', type: 'message', text: 'Stop that' });
        void controls.take({ id: 'i2', type: 'interrupt' });
      },
    });
    expect(answer).toEqual({ value: 'Stopped.' });
  });

  it('is interrupted by words in a call of a tool, and goes on with them after it', async () => {
    const controls = new Controls();
    await using service = await toolService({
      call: (name) => {
        void controls.take({ id: 'i1', type: 'message', text: 'Stop that', interrupt: true });
        return said(name);
      },
    });
    const { answer } = await talk({
      ...{ protocol, controls },
      servers: { kit: { type: 'http', url: service.url } },
      script: `
- when: { contains: Stop }
  reply: Stopped.
- steps:
    - toolCall: { name: mcp__kit__echo, input: {} }
    - reply: Went on.
`,
    });
    expect(answer).toEqual({ value: 'Stopped.' });
  });

  it('hears words that were there before it began with its first question', async () => {
    const controls = new Controls();
    await controls.take({ id: 'i1', type: 'message', text: 'Stop that', interrupt: true });
    const script = '- when: { contains: Stop, turn: 1 }\n  reply: Stopped.\n- reply: Not heard.\n';
    const { answer } = await talk({ protocol, controls, script });
    expect(answer).toEqual({ value: 'Stopped.' });
    expect(controls.applied).toEqual(['i1']);
  });
});

it('an MCP server that is a program is not started, and the run says why', async () => {
  const { answer, warnings } = await talk({
    protocol: 'openai',
    servers: { local: { command: 'touch', args: ['/tmp/never'] } },
    script: '- reply: Without tools.\n',
  });
  expect(answer.value).toBe('Without tools.');
  expect(warnings.join(' ')).toContain('local');
});

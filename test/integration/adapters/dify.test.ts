import { difyAdapter } from '#executor-image/adapters/dify/dify-adapter';
import { difyService } from '../../kit/dify-service.ts';
import type { DifyStep, DifyTestService } from '../../kit/dify-service.ts';
import type { ModelRequest, RecordedModel } from '../../kit/model-requests.ts';
import { adapterSuite } from './adapter-suite.ts';

const said = (answer: string): DifyStep[] => [
  { event: 'agent_thought', id: 't1', position: 1, thought: '' },
  { event: 'agent_message', answer },
  { event: 'message_end', metadata: {} },
];

/** The words of the suite's script, as an application says them; an answer by what its question contains. */
const ANSWERS: [part: string, answer: (query: string) => ReturnType<typeof said>][] = [
  ['does not fit the JSON Schema', () => said('{"n":1}')],
  ['first try a wrong object', () => said('{"n":"one"}')],
  ['give an object', () => said('{"n":1}')],
  [
    'think first',
    () => [
      { event: 'agent_thought', id: 't0', position: 1, thought: 'Let me see.' },
      ...said('I have thought.'),
    ],
  ],
  ['say much', said],
  ['hang for ever', () => [{ hang: true }]],
  ['fall silent', () => [{ event: 'agent_message', answer: 'One word' }, { hang: true }]],
];

/** An application of a Dify service; what it has heard in a conversation is in its requests. */
async function application(): Promise<RecordedModel> {
  const requests: ModelRequest[] = [];
  const heard = new Map<unknown, { role: string; content: unknown }[]>();
  const service: DifyTestService = await difyService({
    'sk-real-key': {
      mode: 'agent-chat',
      reply(body) {
        const query = String(body['query']);
        const messages = [...(heard.get(body['user']) ?? []), { role: 'user', content: query }];
        heard.set(body['user'], messages);
        requests.push({ path: '/v1/chat-messages', headers: {}, body: { ...body, messages } });
        if (query === 'break') {
          const message = 'that is not a request';
          return { status: 400, body: { code: 'invalid_param', message, status: 400 } };
        }
        if (body['files'] !== undefined) return said(`I see ${service.uploads.at(-1)?.type}`);
        const found = ANSWERS.find(([part]) => query.includes(part));
        return found?.[1](query) ?? said(`You said ${query}`);
      },
    },
  });
  return { url: service.url, requests, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

adapterSuite({
  adapter: difyAdapter(),
  shell: { type: 'Dify' },
  protocol: 'dify',
  service: application,
  lacks: {
    endings: "an application does not tell why its model's answer ended",
    models: 'an application has a model of its own',
  },
});

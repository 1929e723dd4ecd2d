// A tool server with one tool, over the streamable HTTP of the Model Context Protocol; each answer is one JSON object.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

const tool = {
  name: 'create_issue',
  description: 'Files an issue.',
  inputSchema: {
    type: 'object',
    properties: { title: { type: 'string' }, body: { type: 'string' } },
    required: ['title'],
  },
};
let issues = 0;

const methods = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'tracker', version: '1' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': ({ arguments: { title } }) => {
    issues += 1;
    console.log(`#${issues} ${title}`);
    const text = JSON.stringify({ number: issues });
    return { content: [{ type: 'text', text }], structuredContent: { number: issues } };
  },
};

createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(405).end();
  const { id, method, params } = await json(request);
  if (id === undefined) return response.writeHead(202).end();
  const answer = methods[method];
  const error = { code: -32601, message: `no method ${method}` };
  const body = { jsonrpc: '2.0', id, ...(answer ? { result: answer(params) } : { error }) };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(8091, 'localhost');

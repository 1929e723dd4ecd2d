import type { AdapterRow } from './adapter-row.ts';

/** What the scripted model says in the cases of the suite. */
export function adapterScript({ command, structured, question }: AdapterRow): string {
  const json = structured ?? ((text: string): string => `{ reply: '${text}' }`);
  const call = (text: string): string =>
    command === undefined
      ? '{ reply: none }'
      : `{ toolCall: { name: ${command.tool}, input: ${command.input(text)} }, usage: { inputTokens: 100, outputTokens: 10 } }`;
  return `
- when: { model: refusing-model }
  reply: 'I will not'
  stop: refused
- when: { model: stubborn-model }
  steps: [${json('{"n":"one"}')}]
- when: { model: wordy-model }
  reply: 'I was about to'
  stop: length
- when: { contains: count the tokens }
  reply: Counted.
  usage: { inputTokens: 1000, outputTokens: 500, cacheReadTokens: 30 }
- when: { contains: think first }
  thinking: Let me see.
  reply: I have thought.
- when: { contains: say much }
  reply: '{{prompt}}'
- when: { contains: break }
  error: { status: 400, message: that is not a request }
- when: { contains: hang for ever }
  hang: true
- when: { contains: fall silent }
  reply: One word
  hang: true
- when: { hasImage: true }
  reply: 'I see {{images}}'
- when: { contains: does not fit the JSON Schema }
  steps: [${json('{"n":1}')}]
- when: { contains: first try a wrong object }
  steps: [${json('{"n":"one"}')}, ${json('{"n":1}')}]
- when: { contains: give an object }
  steps: [${json('{"n":1}')}]
- when: { contains: use the server }
  steps:
    - toolCall: { name: mcp__echo__say, input: { text: hello } }
    - reply: 'The server said: {{toolResult}}'
- when: { contains: kill yourself }
  steps: [${call('kill -9 $PPID')}]
- when: { contains: leave something behind, hasToolResult: false }
  steps: [${call('setsid sleep 60 >/dev/null 2>&1 & echo left')}]
- when: { contains: leave something behind }
  reply: Done.
- when: { contains: round and round }
  steps: [${call('true')}]
- when: { contains: one thing after the other, turn: 1 }
  steps: [${call('echo 1')}]
- when: { contains: one thing after the other, turn: 2 }
  steps: [${call('echo 2')}, ${call('echo 2')}]
- when: { contains: one thing after the other }
  steps: [${call('echo 3')}, ${call('echo 4')}, ${call('echo 5')}, ${call('echo 6')}]
- when: { contains: work for a while, hasToolResult: false }
  steps: [${call('for i in 1 2 3 4 5 6 7 8 9 10; do test -e go && break; sleep 0.5; done; echo worked')}]
- when: { contains: work for a while }
  reply: Worked.
- when: { contains: wait with a tool, hasToolResult: false }
  steps: [${call('sleep 30')}]
- when: { contains: touch the file, hasToolResult: false }
  steps: [${call('touch touched')}]
- when: { contains: touch the file }
  reply: 'It said: {{toolResult}}'
- when: { contains: ask a person, hasToolResult: false }
  toolCall: { name: ${question?.tool ?? 'none'}, input: ${question?.input ?? '{}'} }
- when: { contains: ask a person }
  reply: 'They said: {{toolResult}}'
- reply: 'You said {{prompt}}'
`;
}

/** A program that is an MCP server with one tool. */
export const SERVER = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const results = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1' } },
    'tools/list': { tools: [{ name: 'say', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } }] },
    'tools/call': { content: [{ type: 'text', text: params?.arguments?.text + ' world' }] },
  };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }));
});
`;

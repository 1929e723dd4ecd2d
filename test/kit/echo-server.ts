/** A server of the Model Context Protocol over stdio, as small as it can be: a script for `node -e`. */
export const ECHO_SERVER = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const results = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1' } },
    'tools/list': { tools: [{ name: 'say', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } }] },
    'tools/call': { content: [{ type: 'text', text: params?.arguments?.text + ' back' }] },
  };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }));
});
`;

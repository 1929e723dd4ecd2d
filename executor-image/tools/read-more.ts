import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { Served } from './gate-endpoint.ts';
import type { ResultPages } from './result-pages.ts';

export const READ_MORE = 'read_more';

const TOOL: Tool = {
  name: READ_MORE,
  description:
    'Reads on in a result of another tool that was cut. The end of the cut result says which cursor to give.',
  inputSchema: { type: 'object', properties: { cursor: { type: 'string' } }, required: ['cursor'] },
  annotations: { readOnlyHint: true },
};

/** The gate's own server: the rest of results that were cut. It gives nothing that the agent has not asked for before. */
export function readMoreServer(pages: ResultPages): Served {
  return {
    info: { name: 'troupe', version: '1' },
    capabilities: { tools: {} },
    tools: () => [TOOL],
    callTool: ({ name, arguments: { cursor } = {} }) => {
      if (name !== READ_MORE) throw new McpError(ErrorCode.InvalidParams, `there is no tool ${name}`);
      const text = typeof cursor === 'string' ? pages.page(cursor) : undefined;
      return Promise.resolve(
        text === undefined
          ? {
              content: [{ type: 'text', text: 'There is no result with this cursor (any more).' }],
              isError: true,
            }
          : { content: [{ type: 'text', text }] },
      );
    },
    pass: ({ method }) => Promise.reject(new McpError(ErrorCode.MethodNotFound, `${method} is not served`)),
  };
}

import { expect, it } from 'vitest';
import { MadeUpGate } from '../../tools/made-up-gate.ts';
import { said, tool, toolService } from '../../tools/made-up-servers.ts';
import { madeUpContext } from '../made-up-context.ts';
import { openChatTools } from './chat-tools.ts';

it('gives a result to the model, whatever patterns the schema of the tool has', async () => {
  await using parts = new MadeUpGate();
  const outputSchema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } } as const;
  const service = parts.use(
    await toolService({
      tools: [{ ...tool('hostile'), outputSchema }],
      call: () => ({ ...said('done'), structuredContent: { a: `${'a'.repeat(50)}!` } }),
    }),
  );
  const context = madeUpContext(parts.told);
  const gate = await parts.open({ tracker: { url: service.url } }, { permissions: context.permissions });
  const tools = await openChatTools(gate.servers, context);
  const outcome = await tools.call({ type: 'toolCall', id: '1', name: 'mcp__tracker__hostile', input: '{}' });
  expect(outcome).toEqual({ id: '1', text: 'done', isError: false });
  await tools.close();
});

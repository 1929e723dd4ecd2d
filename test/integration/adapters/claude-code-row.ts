import { claudeCodeAdapter } from '#executor-image/adapters/claude-code/claude-code-adapter';
import type { AdapterRow } from './adapter-row.ts';

export const claudeCodeRow: AdapterRow = {
  adapter: claudeCodeAdapter(),
  shell: { type: 'ClaudeCode' },
  protocol: 'anthropic',
  tellsCost: true,
  command: { tool: 'Bash', input: (command) => `{ command: '${command}', description: Do }` },
  structured: (json) => `{ toolCall: { name: StructuredOutput, input: ${json} } }`,
  question: {
    tool: 'AskUserQuestion',
    input:
      "{ questions: [{ question: 'Which colour?', header: Colour, multiSelect: false, options: [{ label: Red, description: r }, { label: Blue, description: b }] }] }",
  },
};

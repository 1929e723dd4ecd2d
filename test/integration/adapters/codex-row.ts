import { codexAdapter } from '#executor-image/adapters/codex/codex-adapter';
import type { AdapterRow } from './adapter-row.ts';

export const codexRow: AdapterRow = {
  adapter: codexAdapter(),
  shell: { type: 'Codex' },
  protocol: 'openai-responses',
  command: { tool: 'exec_command', name: 'Bash', input: (command) => `{ cmd: '${command}' }` },
};

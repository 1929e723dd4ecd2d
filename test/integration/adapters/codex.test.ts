import { codexAdapter } from '#executor-image/adapters/codex/codex-adapter';
import { adapterSuite } from './adapter-suite.ts';

adapterSuite({
  adapter: codexAdapter(),
  shell: { type: 'Codex' },
  protocol: 'openai-responses',
  command: { tool: 'exec_command', name: 'Bash', input: (command) => `{ cmd: '${command}' }` },
});

import { agnoAdapter } from '#executor-image/adapters/agno/agno-adapter';
import { ensureAgnoPackages } from '#executor-image/image/agno-packages';
import { beforeAll } from 'vitest';
import { adapterSuite } from './adapter-suite.ts';

beforeAll(async () => {
  await ensureAgnoPackages(process.arch, () => undefined);
}, 300_000);

adapterSuite({
  adapter: agnoAdapter(),
  shell: { type: 'Agno' },
  protocol: 'openai',
  command: { tool: 'run_shell', name: 'Bash', input: (command) => `{ command: '${command}' }` },
});

import { createRequire } from 'node:module';
import path from 'node:path';
import { acpAdapter } from '#executor-image/adapters/acp/acp-adapter';
import { ROOT } from '../../kit/paths.ts';
import { adapterSuite } from './adapter-suite.ts';

const qwenCode = path.dirname(createRequire(import.meta.url).resolve('@qwen-code/qwen-code/package.json'));

/** With Qwen Code, one of the programs of acp-programs.test.ts. */
adapterSuite({
  adapter: acpAdapter(),
  shell: {
    type: 'ACP',
    command: [
      process.execPath,
      path.join(qwenCode, 'cli.js'),
      ...['--acp', '--auth-type', 'openai', '--model', '{{model}}'],
    ],
    // It starts itself a second time otherwise, and compiles its 26 MB at each start.
    env: {
      QWEN_CODE_NO_RELAUNCH: 'true',
      NODE_COMPILE_CACHE: path.join(ROOT, 'node_modules/.cache/compile'),
    },
  },
  protocol: 'openai',
  command: {
    tool: 'run_shell_command',
    // The protocol tells the kind of a tool.
    name: 'execute',
    input: (command) => `{ command: '${command}', description: Do, is_background: false }`,
  },
  lacks: {
    endings: 'this program takes every end of an answer for its end',
    'model errors': 'the protocol has no word for it',
    images: 'this program hands pictures to models only that it knows',
    'sessions in another folder': 'this program keeps them by its path, which is the same in all sandboxes',
    leaving: 'this program waits for all that its commands start',
    'reasons of denials': 'the protocol has no place for them',
  },
});

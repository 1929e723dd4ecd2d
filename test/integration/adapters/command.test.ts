import type { OutputRule } from '#executor-manager/protocol/command-output';
import { claudeProgram } from '#executor-image/adapters/claude-code/program';
import { commandAdapter } from '#executor-image/adapters/command/command-adapter';
import { adapterSuite } from './adapter-suite.ts';

/** A piece of what the program tells while its model speaks, with what is told of it. */
const piece = (type: string, event: OutputRule['event'], fields: OutputRule['fields'] = {}): OutputRule => ({
  json: { '/type': 'stream_event', '/event/delta/type': type },
  event,
  fields,
});

const LINES: OutputRule[] = [
  {
    json: { '/type': 'system', '/subtype': 'init' },
    event: 'status',
    fields: { message: { pointer: '/claude_code_version' } },
  },
  { json: { '/type': 'stream_event', '/event/type': 'message_start' }, event: 'turn' },
  piece('text_delta', 'text', { text: { pointer: '/event/delta/text' } }),
  piece('thinking_delta', 'thinking', { text: { pointer: '/event/delta/thinking' } }),
  {
    json: { '/type': 'assistant', '/message/content/0/type': 'tool_use' },
    event: 'tool_call',
    fields: {
      id: { pointer: '/message/content/0/id' },
      name: { pointer: '/message/content/0/name' },
      input: { pointer: '/message/content/0/input' },
    },
  },
  {
    json: { '/type': 'user', '/message/content/0/type': 'tool_result' },
    event: 'tool_result',
    fields: {
      id: { pointer: '/message/content/0/tool_use_id' },
      output: { pointer: '/message/content/0/content' },
    },
  },
  // Why there is no answer is in the program's last words.
  {
    json: { '/type': 'assistant', '/error': '' },
    event: 'failure',
    fields: { message: { pointer: '/message/content/0/text' } },
  },
];

/** With a real program that prints JSON: Claude Code, as people start it in scripts, with its lines declared. */
adapterSuite({
  adapter: commandAdapter(),
  shell: {
    type: 'Command',
    command: [
      claudeProgram(),
      ...['-p', '--output-format', 'stream-json', '--verbose', '--include-partial-messages'],
      ...['--model', '{{model}}', '--permission-mode', 'bypassPermissions'],
      ...['--strict-mcp-config', '--mcp-config', '{{mcpFile}}', '--setting-sources='],
    ],
    env: { IS_SANDBOX: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
    output: { lines: LINES, otherLines: 'nothing' },
  },
  protocol: 'anthropic',
  command: { tool: 'Bash', input: (command) => `{ command: '${command}', description: Do }` },
  lacks: {
    endings: 'a program says that it failed, not in which way',
    'model errors': 'a program says that it failed, not in which way',
    instructions: 'this program reads CLAUDE.md only',
    skills: 'its command hands on no system prompt',
  },
});

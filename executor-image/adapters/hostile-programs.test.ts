import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFailure } from '../run-failure.ts';
import { MADE_UP_PROGRAMS, runProgram } from './made-up-programs.ts';
import type { Told } from './made-up-context.ts';

/** The words of a program are input: for all of them the run goes on or ends with a reason, and nothing else breaks. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-hostile-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string): string => `const beforeAnswer = () => { ${text} };`;
/** All of it: a pipe takes what it has room for. */
const WRITE_ALL = `const writeAll = (bytes) => {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += require('node:fs').writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};`;
const out = (expression: string): string => `${WRITE_ALL}\n${write(`writeAll(Buffer.from(${expression}));`)}`;

/** Of every protocol: in each of them the messages of the others are nonsense. */
const NONSENSE = [
  ...['[]', '7', 'null', '"text"', '{}', '{"type":7}', '{"type":"__proto__"}', '{"half": '],
  ...['{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":"of nobody","result":{}}', '{"id":99,"result":null}'],
  ...['{"jsonrpc":"2.0","id":98,"error":null}', '{"id":97,"error":{"code":"x"}}', '{"method":7,"params":7}'],
  ...['{"jsonrpc":"2.0","id":7,"method":"make/coffee"}', '{"id":8,"method":"make/tea","params":null}'],
  ...['{"jsonrpc":"2.0","method":"session/update","params":null}', '{"method":"item/completed","params":{}}'],
  '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"tool_call_update","toolCallId":7}}}',
  '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"of nobody","update":{"sessionUpdate":"plan"}}}',
  '{"jsonrpc":"2.0","id":1,"method":"session/request_permission","params":{"options":"all"}}',
  '{"method":"item/started","params":{"threadId":"t","turnId":"u","item":null}}',
  '{"method":"thread/tokenUsage/updated","params":{"threadId":"t","tokenUsage":null}}',
  '{"method":"turn/completed","params":{"threadId":"of nobody","turn":{"id":"x","status":"failed"}}}',
  ...['{"type":"usage","input":"many"}', '{"type":"tool_call","name":7}', '{"type":"permission"}'],
  '{"type":"stream_event","event":null}',
];

const word = fc.constantFrom(
  't',
  'u',
  's',
  'i',
  'text',
  'completed',
  'failed',
  'agentMessage',
  '__proto__',
  '\u001b[2J',
);
const key = fc.constantFrom(
  ...[
    'id',
    'type',
    'item',
    'turn',
    'error',
    'status',
    'text',
    'content',
    'toolCallId',
    'sessionUpdate',
    'update',
  ],
  ...[
    'params',
    'result',
    'message',
    'tokenUsage',
    'total',
    'name',
    'input',
    'kind',
    'threadId',
    'turnId',
    'sessionId',
  ],
  ...[
    'request',
    'subtype',
    'event',
    'delta',
    'plan',
    'entries',
    'options',
    'toolCall',
    'usage',
    'model',
    'output',
  ],
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 1 }),
    word,
    tie('object'),
    fc.array(tie('any'), { maxLength: 3 }),
  ),
  object: fc.dictionary(key, tie('any'), { maxKeys: 5 }),
}));
const method = fc.constantFrom(
  ...['session/update', 'session/request_permission', 'fs/read_text_file', 'item/started', 'item/completed'],
  ...['turn/completed', 'turn/started', 'turn/plan/updated', 'error', 'thread/tokenUsage/updated'],
  ...['item/agentMessage/delta', 'item/commandExecution/requestApproval', 'mcpServer/startupStatus/updated'],
);
const type = fc.constantFrom(
  ...['text', 'thinking', 'tool_call', 'tool_result', 'usage', 'permission', 'log', 'session', 'ready'],
  ...[
    'assistant',
    'user',
    'system',
    'stream_event',
    'control_request',
    'control_response',
    'control_cancel_request',
  ],
);
/** Messages made of the words of all protocols. */
const MESSAGE = fc.oneof(
  fc.record({
    jsonrpc: fc.constant('2.0'),
    method,
    params: value.any,
    id: fc.oneof(fc.constant(undefined), word),
  }),
  fc.tuple(fc.record({ type }), value.object).map(([named, fields]) => Object.assign({}, fields, named)),
  value.any,
);

describe.each(MADE_UP_PROGRAMS)('$type', (row) => {
  it.each([
    ['a line of 10 MB', out(`'x'.repeat(10_000_000) + '\\n'`)],
    ['a line of 40 MB', out(`Buffer.alloc(40_000_000, 'x').fill('\\n', 39_999_999)`)],
    ['bytes that are no UTF-8', out('Buffer.from([0xff, 0xfe, 0x7b, 0xc0, 0x0a])')],
    ['terminal escapes', out(`'\\u001b]52;c;ZXZpbA==\\u0007\\u001b[2J\\r\\n'`)],
    ['a NUL in every place', out(`'\\0{\\0}\\0\\n'`)],
    ['20,000 lines of nothing', out(`'nothing\\n'.repeat(20_000)`)],
    ['messages of nobody', out(JSON.stringify(`${NONSENSE.join('\n')}\n`))],
  ])('answers all the same after %s', async (_, behaviour) => {
    const told: Told[] = [];
    expect(await runProgram(row, { folder, behaviour, told })).toMatchObject({ value: 'Done.' });
  });

  it.each([
    ['exits without a result', write('process.exit(0);'), 'AgentFailed'],
    ['is killed', write(`process.kill(process.pid, 'SIGKILL');`), 'AgentKilled'],
    [
      'falls silent',
      write(`while (true) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);`),
      'IdleLimit',
    ],
  ])('fails with a reason when it %s', async (_, behaviour, reason) => {
    await expect(runProgram(row, { folder, behaviour, idleSeconds: 50 })).rejects.toMatchObject({ reason });
  });

  it('ends with an answer or a reason whatever its messages are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(MESSAGE, { minLength: 50, maxLength: 200 }), async (messages) => {
        const lines = messages.map((one) => JSON.stringify(one) ?? 'null').join('\n');
        writeFileSync(path.join(folder, 'lines'), `${lines}\n`);
        const behaviour = out(
          `require('node:fs').readFileSync(${JSON.stringify(path.join(folder, 'lines'))})`,
        );
        const ended = await runProgram(row, { folder, behaviour, idleSeconds: 300 }).catch(
          (error: unknown) => error,
        );
        if (!(ended instanceof RunFailure)) expect(ended).toMatchObject({ value: expect.any(String) });
      }),
      { numRuns: 8 },
    );
  });
});

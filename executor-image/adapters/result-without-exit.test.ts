import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chatAdapter } from './chat/chat-adapter.ts';
import { commandAdapter } from './command/command-adapter.ts';
import { difyAdapter } from './dify/dify-adapter.ts';
import { MADE_UP_PROGRAMS, runMadeUp, runProgram, writeProgram } from './made-up-programs.ts';

/**
 * An agent that gives its result and never ends: it heeds neither the end of its input nor SIGTERM, and goes on to speak
 * where that is no sign of work. Each adapter ends it, and the result counts.
 */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-exit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** It heeds neither the end of its input nor SIGTERM. */
const STUBBORN = `process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000);`;

describe('a program that has given its result and does not end', () => {
  it.each(MADE_UP_PROGRAMS)('is ended, and the result counts: $type', async (row) => {
    expect(await runProgram(row, { folder, behaviour: STUBBORN })).toMatchObject({ value: 'Done.' });
  });

  it('is ended with a reason where its exit decides: Command', async () => {
    const program = writeProgram(folder, `send('Done.');`, STUBBORN);
    const shell = { type: 'Command' as const, command: [program] };
    await expect(runMadeUp(commandAdapter(), { folder, shell, idleSeconds: 25 })).rejects.toMatchObject({
      reason: 'IdleLimit',
      message: 'the agent gave no sign of life for 25 s',
    });
  });
});

describe('a service that has given its answer and does not close', () => {
  const events = (...all: object[]): string => all.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');
  const ANSWERS: Record<string, string> = {
    '/chat/completions': `${events({ choices: [{ delta: { content: 'Done.' }, finish_reason: 'stop' }] })}data: [DONE]\n\n`,
    '/chat-messages': events(
      { event: 'message', task_id: 't', answer: 'Done.' },
      { event: 'message_end', task_id: 't', metadata: {} },
    ),
  };

  it.each([
    { type: 'Chat' as const, protocol: 'openai' as const, adapter: chatAdapter },
    { type: 'Dify' as const, protocol: 'dify' as const, adapter: difyAdapter },
  ])('is left, and the answer counts: $type', async ({ type, protocol, adapter }) => {
    const server = createServer(({ url = '' }, response) => {
      if (url.endsWith('/info')) return void response.end('{"mode":"chat","name":"a"}');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(ANSWERS[url.replace(/^\/v1/, '')] ?? '');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    try {
      expect(
        await runMadeUp(adapter(), { folder, shell: { type }, model: { protocol, baseURL } }),
      ).toMatchObject({
        value: 'Done.',
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

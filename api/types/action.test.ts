import { describe, expect, it } from 'vitest';
import { actionLine, startsPrograms } from './action.ts';
import type { SandboxAction } from './generated/sandbox.ts';

describe('the line of an action', () => {
  it.each<{ action: SandboxAction; line: string }>([
    { action: { script: { command: ['make', 'test'] } }, line: 'make test' },
    { action: { script: { run: '\nnpm test' } }, line: 'npm test' },
    { action: { script: { run: 'npm ci\nnpm test\n' } }, line: 'npm ci ...' },
    { action: { script: { run: 'echo \u001b[2J' } }, line: 'echo ^[[2J' },
    { action: { http: { url: 'https://example.com/a?token=x#y' } }, line: 'GET https://example.com/a' },
    { action: { http: { method: 'POST', url: 'http://e/' } }, line: 'POST http://e/' },
    { action: { mcp: { serverName: 's', server: {}, tool: 't' } }, line: 'mcp__s__t' },
  ])('is $line', ({ action, line }) => {
    expect(actionLine(action)).toBe(line);
  });
});

describe('a sandbox of its own', () => {
  it.each<{ why: string; action: SandboxAction; own: boolean }>([
    { why: 'a script', action: { script: { run: 'x' } }, own: true },
    {
      why: 'a tool server that is a program',
      action: { mcp: { serverName: 's', server: { command: 'x' }, tool: 't' } },
      own: true,
    },
    {
      why: 'a tool server with an address',
      action: { mcp: { serverName: 's', server: { url: 'http://x' }, tool: 't' } },
      own: false,
    },
    { why: 'a request', action: { http: { url: 'http://x' } }, own: false },
  ])('for $why: $own', ({ action, own }) => {
    expect(startsPrograms(action)).toBe(own);
  });
});

import { describe, expect, it } from 'vitest';
import type { ShellSpec } from '#api/types/generated/shell';
import { planShell } from './plan.ts';

describe('planShell', () => {
  const cases: { reason: string; spec: ShellSpec; want: string; type?: string; message?: string }[] = [
    { reason: 'Claude Code', spec: { shellType: 'ClaudeCode' }, want: 'Valid', type: 'ClaudeCode' },
    { reason: 'the older spelling', spec: { runtime: 'Chat' }, want: 'Valid', type: 'Chat' },
    { reason: 'both, equal', spec: { shellType: 'Chat', runtime: 'Chat' }, want: 'Valid', type: 'Chat' },
    {
      reason: 'both, different',
      spec: { shellType: 'Chat', runtime: 'ClaudeCode' },
      want: 'ConflictingShellType',
      type: 'Chat',
    },
    {
      reason: 'no type at all',
      spec: {},
      want: 'ShellTypeMissing',
      message: 'spec.shellType: required; it can be ClaudeCode, Agno, Dify, Chat, Codex, ACP, Command.',
    },
    {
      reason: 'an option that its type does not have',
      spec: { shellType: 'Agno', options: { modes: 'route' } },
      want: 'InvalidOptions',
      type: 'Agno',
      message:
        'spec.options.modes: is not known; known: mode, members, maxIterations, historyRuns, memory, tools.',
    },
    {
      reason: 'a pattern that cannot be read',
      spec: { shellType: 'Command', output: { lines: [{ event: 'text', pattern: '(' }] } },
      want: 'InvalidOptions',
      type: 'Command',
    },
    {
      reason: 'a credential',
      spec: { shellType: 'Command', command: ['agent'], env: { LANG: 'C', API_TOKEN: 't' } },
      want: 'CredentialInShell',
      type: 'Command',
      message:
        'spec.env.API_TOKEN: this looks like a credential, and whoever may see Tasks could read it here. Give the key of a model by its Model, that of a tool by an MCPServer, and that of a repository by its Workspace.',
    },
    {
      reason: 'an image',
      spec: { shellType: 'Chat', baseImage: 'ghcr.io:5000/a/b_c:v1.2@sha256:' + 'a'.repeat(64) },
      want: 'Valid',
      type: 'Chat',
    },
    {
      reason: 'no image',
      spec: { shellType: 'Chat', baseImage: 'Not An Image' },
      want: 'InvalidImage',
      type: 'Chat',
    },
    {
      reason: 'based on a Shell that is there',
      spec: { shellType: 'Chat', baseShellRef: 'mine' },
      want: 'Valid',
      type: 'Chat',
    },
    {
      reason: 'based on one of the usual names',
      spec: { shellType: 'Chat', baseShellRef: 'ClaudeCode' },
      want: 'Valid',
      type: 'Chat',
    },
    {
      reason: 'based on nothing',
      spec: { shellType: 'Chat', baseShellRef: 'x' },
      want: 'BaseShellNotFound',
      type: 'Chat',
    },
  ];
  it.each(cases)('$reason', ({ spec, want, type, message }) => {
    const shell = { apiVersion: 'agent.wecode.io/v1', kind: 'Shell', metadata: { name: 's' }, spec } as const;
    const plan = planShell(shell, (name) => name === 'mine');
    expect(plan.condition.reason).toBe(want);
    expect(plan.shellType).toBe(type);
    if (message !== undefined) expect(plan.condition.message).toBe(message);
  });
});

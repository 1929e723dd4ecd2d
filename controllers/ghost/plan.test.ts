import { describe, expect, it } from 'vitest';
import type { Ghost, GhostSpec } from '#api/types/generated/ghost';
import { planGhost } from './plan.ts';

const ghost = (spec: Partial<GhostSpec>): Ghost => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Ghost',
  metadata: { name: 'g', namespace: 'ns' },
  spec: { systemPrompt: '', ...spec },
});

describe('planGhost', () => {
  const cases: { reason: string; spec: Partial<GhostSpec>; want: string; field?: string }[] = [
    { reason: 'nothing but a prompt', spec: {}, want: 'Valid' },
    { reason: 'a program', spec: { mcpServers: { a: { command: 'x' } } }, want: 'Valid' },
    { reason: 'a server', spec: { mcpServers: { a: { type: 'sse', url: 'http://x' } } }, want: 'Valid' },
    {
      reason: 'neither',
      spec: { mcpServers: { a: { command: 'x' }, b: { args: ['y'] } } },
      want: 'InvalidMCPServer',
      field: 'spec.mcpServers.b',
    },
    { reason: 'a preloaded skill it has', spec: { skills: ['a'], preload_skills: ['a'] }, want: 'Valid' },
    {
      reason: 'a preloaded skill it has not',
      spec: { skills: ['a'], preload_skills: ['b'] },
      want: 'UnknownPreloadSkill',
      field: '"b"',
    },
  ];
  it.each(cases)('$reason', ({ spec, want, field = '' }) => {
    const condition = planGhost(ghost(spec));
    expect(condition.reason).toBe(want);
    expect(condition.message).toContain(field);
  });
});

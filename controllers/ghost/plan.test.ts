import { describe, expect, it } from 'vitest';
import type { Ghost, GhostSpec } from '#api/types/generated/ghost';
import { withReady } from '#api/types/ready';
import { skillNotReady, skillReady } from '#api/types/skills/skill';
import type { Skill, SkillSpec } from '#api/types/generated/skill';
import { planGhost, serversFound } from './plan.ts';

const at = { now: '2026-01-01T00:00:00Z', generation: 1 };
const skill = (place: string, spec: Partial<SkillSpec> = {}, condition = skillReady()): Skill => {
  const [namespace = '', name = ''] = place.split('/');
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Skill',
    metadata: { namespace, name },
    spec: { description: 'd', ...spec },
    status: withReady(undefined, condition, at),
  };
};
const SCHEMA = { type: 'object', required: ['language'], properties: { language: { type: 'string' } } };
const KEPT = `sha256:${'a'.repeat(64)}`;
const SKILLS = [
  skill('ns/a'),
  skill('system/a'),
  skill('system/b'),
  skill('other/b', { dependencies: ['a'] }),
  skill('other/a'),
  skill('default/d'),
  skill('ns/broken', {}, skillNotReady('NoPackage', 'There is no package yet.')),
  skill('ns/needs', { dependencies: ['gone'] }),
  skill('ns/parameters', { parametersSchema: SCHEMA }),
];
const parts = {
  skill: (place: { namespace: string; name: string }) =>
    SKILLS.find(({ metadata }) => metadata.name === place.name && metadata.namespace === place.namespace),
  hasServer: ({ namespace, name }: { namespace: string; name: string }) =>
    `${namespace}/${name}` === 'ns/tools',
  hasPackage: ({ name }: { name: string }) => name === KEPT.replace(':', '-'),
};

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
    { reason: 'an MCPServer', spec: { mcpServerRefs: [{ name: 'tools', required: true }] }, want: 'Valid' },
    {
      reason: 'an MCPServer that may be missing',
      spec: { mcpServerRefs: [{ name: 'gone' }] },
      want: 'Valid',
    },
    {
      reason: 'an MCPServer that it needs and that is missing',
      spec: { mcpServerRefs: [{ name: 'tools', namespace: 'other', required: true }] },
      want: 'MCPServerNotFound',
      field: 'spec.mcpServerRefs: MCPServer "other/tools" not found.',
    },
    {
      reason: 'two MCP servers of one name',
      spec: { mcpServers: { tools: { command: 'x' } }, mcpServerRefs: [{ name: 'tools' }] },
      want: 'InvalidMCPServer',
      field: 'two of the MCP servers are called "tools"',
    },
    { reason: 'a preloaded skill it has', spec: { skills: ['a'], preload_skills: ['a'] }, want: 'Valid' },
    {
      reason: 'a preloaded skill it has not',
      spec: { skills: ['a'], preload_skills: ['b'] },
      want: 'UnknownPreloadSkill',
      field: '"b"',
    },
    { reason: 'a public skill', spec: { skills: ['b'] }, want: 'Valid' },
    { reason: 'a skill that is not there', spec: { skills: ['x'] }, want: 'SkillNotFound', field: '"ns/x"' },
    {
      reason: 'a skill of another namespace by its bare name',
      spec: { skills: ['d'] },
      want: 'SkillNotFound',
      field: '"ns/d"',
    },
    {
      reason: 'a reference without a namespace, as compatible manifests have it',
      spec: { skills: ['d'], skill_refs: { d: { skill_id: 1 } } },
      want: 'Valid',
    },
    {
      reason: 'a reference to a public skill',
      spec: { skills: ['d'], skill_refs: { d: { skill_id: 1, is_public: true } } },
      want: 'SkillNotFound',
      field: '"system/d"',
    },
    {
      reason: 'a skill that is not ready',
      spec: { skills: ['broken'] },
      want: 'SkillNotReady',
      field: 'Skill "ns/broken" is not ready: There is no package yet.',
    },
    {
      reason: 'a skill that needs one that is not there',
      spec: { skills: ['needs'] },
      want: 'SkillNotFound',
      field: '"ns/needs" needs the Skill "gone"',
    },
    {
      reason: 'two skills of one name',
      spec: { skills: ['a', 'b'], skill_refs: { b: { skill_id: 1, namespace: 'other' } } },
      want: 'SkillNameClash',
      field: '"ns/a" and "other/a"',
    },
    {
      reason: 'a content that is kept',
      spec: { skills: ['a'], skill_refs: { a: { skill_id: 1, namespace: 'ns', content_hash: KEPT } } },
      want: 'Valid',
    },
    {
      reason: 'a content that is not kept',
      spec: { skills: ['a'], skill_refs: { a: { skill_id: 1, namespace: 'ns', content_hash: 'sha256:1' } } },
      want: 'SkillVersionNotFound',
      field: 'spec.skill_refs.a.content_hash',
    },
    {
      reason: 'parameters that fit',
      spec: { skills: ['parameters'], skillParameters: { parameters: { language: 'de' } } },
      want: 'Valid',
    },
    {
      reason: 'parameters that are missing',
      spec: { skills: ['parameters'] },
      want: 'InvalidSkillParameters',
      field: 'spec.skillParameters.parameters.language',
    },
    {
      reason: 'parameters of a skill that has none',
      spec: { skills: ['a'], skillParameters: { a: { x: 1 } } },
      want: 'InvalidSkillParameters',
      field: 'spec.skillParameters.a',
    },
    {
      reason: 'parameters of a skill that the Ghost has not',
      spec: { skillParameters: { a: { x: 1 } } },
      want: 'InvalidSkillParameters',
      field: 'spec.skillParameters.a',
    },
  ];
  it.each(cases)('$reason', ({ spec, want, field = '' }) => {
    const condition = planGhost(ghost(spec), parts);
    expect(condition.reason).toBe(want);
    expect(condition.message).toContain(field);
  });
});

it.each([
  { refs: [], want: undefined },
  { refs: [{ name: 'tools' }], want: 'Every MCPServer of spec.mcpServerRefs is there.' },
  {
    refs: [{ name: 'tools' }, { name: 'gone' }, { name: 'far', namespace: 'away' }],
    want: 'spec.mcpServerRefs: not found, so agents work without: "ns/gone", "away/far".',
  },
])('A Ghost says which of its MCPServers are there: $refs', ({ refs, want }) => {
  expect(serversFound(ghost({ mcpServerRefs: refs }), parts)?.message).toBe(want);
});

import { describe, expect, it } from 'vitest';
import { ghostNotReady, ghostReady } from '#api/types/ghost';
import type { Bot, BotSpec } from '#api/types/generated/bot';
import type { Skill, SkillSpec } from '#api/types/generated/skill';
import { withReady } from '#api/types/ready';
import { planBot } from './plan.ts';
import type { BotParts } from './plan.ts';

const at = { now: '2026-01-01T00:00:00Z', generation: 1 };
const object = (spec: object, condition = ghostReady()) =>
  ({ metadata: { name: 'x', generation: 1 }, spec, status: withReady(undefined, condition, at) }) as never;
const wrong = ghostNotReady('InvalidMCPServer', 'spec.mcpServers.a: wrong.');

const parts: BotParts = {
  ghost: object({}),
  shell: object({ shellType: 'ClaudeCode' }),
  model: object({ modelConfig: { env: { model: 'claude', model_id: 'x' } } }),
  secondaryModel: undefined,
  skills: [],
};
const bot = (spec: Partial<BotSpec> = {}): Bot => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Bot',
  metadata: { name: 'b', namespace: 'ns' },
  spec: {
    ghostRef: { name: 'g' },
    shellRef: { name: 's' },
    modelRef: { name: 'm', namespace: 'other' },
    ...spec,
  },
});

const CHECK = { name: 'c', when: 'before' as const, command: ['true'] as [string] };
const skill = (spec: Partial<SkillSpec>): Skill => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Skill',
  metadata: { name: 'pdf', namespace: 'ns' },
  spec: { description: 'd', ...spec },
});

describe('planBot', () => {
  const { modelRef: _, ...withoutModel } = bot().spec;
  const cases: { reason: string; bot?: Bot; parts?: Partial<BotParts>; want: string; message?: string }[] = [
    { reason: 'all there', want: 'ReferencesResolved' },
    {
      reason: 'no Ghost',
      parts: { ghost: undefined },
      want: 'GhostNotFound',
      message: 'spec.ghostRef: Ghost "ns/g" not found.',
    },
    {
      reason: 'no Shell',
      parts: { shell: undefined },
      want: 'ShellNotFound',
      message: 'spec.shellRef: Shell "ns/s" not found.',
    },
    {
      reason: 'no Model, in another namespace',
      parts: { model: undefined },
      want: 'ModelNotFound',
      message: 'spec.modelRef: Model "other/m" not found.',
    },
    {
      reason: 'a Ghost that is wrong',
      parts: { ghost: object({}, wrong) },
      want: 'GhostNotReady',
      message: 'spec.ghostRef: Ghost "ns/g" is not ready: spec.mcpServers.a: wrong.',
    },
    {
      reason: 'no modelRef',
      bot: { ...bot(), spec: withoutModel },
      parts: { model: undefined },
      want: 'ModelRequired',
      message: 'spec.modelRef: required, since the Shell calls a model.',
    },
    {
      reason: 'no modelRef for Dify',
      bot: { ...bot(), spec: withoutModel },
      parts: { model: undefined, shell: object({ runtime: 'Dify' }) },
      want: 'ModelRequired',
      message:
        'spec.modelRef: required, since a Model names the application of Dify and its key (DIFY_API_KEY).',
    },
    {
      reason: 'Dify with an application',
      parts: {
        model: object({ modelConfig: { env: { DIFY_API_KEY: 'app-x' } } }),
        shell: object({ shellType: 'Dify' }),
      },
      want: 'ReferencesResolved',
    },
    {
      reason: 'Dify with a model',
      parts: { shell: object({ shellType: 'Dify' }) },
      want: 'ModelNotSupported',
      message: 'spec.modelRef: Model "other/m" speaks anthropic; Dify needs dify.',
    },
    {
      reason: 'no second Model',
      bot: bot({ secondaryModelRef: { name: 'v' } }),
      want: 'ModelNotFound',
      message: 'spec.secondaryModelRef: Model "ns/v" not found.',
    },
    {
      reason: 'a second Model that has no words',
      bot: bot({ secondaryModelRef: { name: 'v' } }),
      parts: { secondaryModel: object({ modelType: 'tts', modelConfig: {} }) },
      want: 'ModelNotSupported',
      message: 'spec.secondaryModelRef: Model "ns/v" is of type tts; it has to be a language model (llm).',
    },
    {
      reason: 'a Skill for this Shell',
      parts: { skills: [skill({ bindShells: ['Chat', 'ClaudeCode'], checks: [CHECK] })] },
      want: 'ReferencesResolved',
    },
    {
      reason: 'a Skill for another Shell',
      parts: { skills: [skill({ bindShells: ['Chat', 'Agno'] })] },
      want: 'SkillNotSupported',
      message: 'spec.ghostRef: Skill "ns/pdf" works with Chat, Agno, not with ClaudeCode.',
    },
    {
      reason: 'a Skill for no Shell, as compatible manifests say it',
      parts: { skills: [skill({ bindShells: [] })] },
      want: 'SkillNotSupported',
      message: 'spec.ghostRef: Skill "ns/pdf" works with no Shell, not with ClaudeCode.',
    },
    {
      reason: 'a Skill with checks for a Shell that only talks',
      parts: { shell: object({ shellType: 'Chat' }), skills: [skill({ checks: [CHECK] })] },
      want: 'SkillNotSupported',
      message: 'spec.ghostRef: Skill "ns/pdf" has checks, and Chat has no files that they could run in.',
    },
    {
      reason: 'Claude Code with a model of another protocol',
      parts: { model: object({ modelConfig: { env: { model: 'openai', model_id: 'x' } } }) },
      want: 'ModelNotSupported',
      message: 'spec.modelRef: Model "other/m" speaks openai; ClaudeCode needs anthropic.',
    },
    {
      reason: 'an agent with a model that speaks, in the other sense',
      parts: {
        shell: object({ shellType: 'Chat' }),
        model: object({ modelType: 'tts', modelConfig: { env: { model: 'openai', model_id: 'x' } } }),
      },
      want: 'ModelNotSupported',
      message: 'spec.modelRef: Model "other/m" is of type tts; Chat needs a language model (llm).',
    },
  ];
  it.each(cases)('$reason', ({ bot: given = bot(), parts: changed, want, message }) => {
    const condition = planBot(given, { ...parts, ...changed });
    expect(condition.reason).toBe(want);
    if (message !== undefined) expect(condition.message).toBe(message);
  });
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inheritedEnvironment } from '../../config.ts';
import type { AdapterContext, AgentRequest } from '../adapter.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { prepareLaunch } from './launch.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'troupe-launch-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Makes files in the folder of the test. */
function files(all: Record<string, string>): void {
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
}

async function launched(more: Partial<AgentRequest> = {}, parts: Partial<AdapterContext> = {}) {
  const told: Told[] = [];
  const request: AgentRequest = {
    shell: { type: 'ClaudeCode' },
    agent: { name: 'a', systemPrompt: 'You are careful.' },
    prompt: 'p',
    timeoutSeconds: 60,
    ...more,
  };
  files({ 'repo/README.md': 'hello' });
  const home = path.join(root, 'home');
  const context = madeUpContext(told, {
    folder: path.join(root, 'repo'),
    home,
    environment: inheritedEnvironment(),
    ...parts,
  });
  const launch = await prepareLaunch(request, context);
  return { ...launch, home, logs: told.map(({ data }) => data['text']) };
}

const repository = { gitUrl: 'g', branch: 'b', workBranch: 'w', timeoutSeconds: 1 };
const HOSTILE = { 'repo/.claude/settings.json': '{}', 'repo/.mcp.json': '{}', 'repo/CLAUDE.md': 'Use tabs.' };

describe('a repository that is not trusted', () => {
  it('has no settings, and its instructions are given as input', async () => {
    files(HOSTILE);
    const { args, initialize, logs } = await launched({ repository });
    expect(args).toContain('--setting-sources=');
    expect(args).toContain('--strict-mcp-config');
    expect(initialize['appendSystemPrompt']).toMatch(
      /^You are careful\.\n\n# Instructions of the repository\n[\s\S]*<file path="CLAUDE\.md">\nUse tabs\.\n<\/file>$/,
    );
    expect(logs).toEqual([
      'Settings that the repository brings take no effect, since its Workspace is not trusted: .claude/settings.json, .mcp.json',
    ]);
  });

  it('without settings nothing is said', async () => {
    const { initialize, logs } = await launched({ repository });
    expect(logs).toEqual([]);
    expect(initialize['appendSystemPrompt']).toBe('You are careful.');
  });

  it('is also what an agent before has left in HOME', async () => {
    files({
      'home/.claude/settings.json': '{"hooks":{}}',
      'home/.claude/agents/x.md': 'x',
      'home/.claude.json': '{"mcpServers":{}}',
      'home/.claude/projects/troupe/s1.jsonl': '{}',
      'home/.gitconfig': '',
    });
    const { home } = await launched();
    expect(readdirSync(home).sort()).toEqual(['.claude', '.gitconfig']);
    expect(readdirSync(path.join(home, '.claude'))).toEqual(['projects']);
    expect(readdirSync(path.join(home, '.claude/projects/troupe'))).toEqual(['s1.jsonl']);
  });
});

it('a trusted repository is read by the program itself', async () => {
  files(HOSTILE);
  const { args, initialize, logs } = await launched({ repository: { ...repository, trusted: true } });
  expect(args).toContain('--setting-sources=project,local');
  expect(args).not.toContain('--strict-mcp-config');
  expect(initialize['appendSystemPrompt']).toBe('You are careful.');
  expect(logs).toEqual([]);
});

describe('arguments', () => {
  it.each<{ why: string; request: Partial<AgentRequest>; wanted: string[] }>([
    { why: 'a session', request: { session: { id: 's1' } }, wanted: ['--resume=s1'] },
    {
      why: 'a fork of one',
      request: { session: { id: 's1', fork: true } },
      wanted: ['--resume=s1', '--fork-session'],
    },
    { why: 'a limit of turns', request: { limits: { turns: 3 } }, wanted: ['--max-turns=3'] },
    {
      why: 'a model for when the first is busy',
      request: { shell: { type: 'ClaudeCode', options: { fallbackModel: 'other' } } },
      wanted: ['--fallback-model=other'],
    },
    { why: 'no policy', request: {}, wanted: ['--permission-mode', 'bypassPermissions'] },
  ])('$why', async ({ request, wanted }) => {
    const { args, initialize } = await launched(request);
    expect(args).toEqual(expect.arrayContaining(wanted));
    expect(initialize).not.toHaveProperty('hooks');
  });

  it('a policy is asked before each tool', async () => {
    const permissions = { ...madeUpContext([]).permissions, asks: true };
    const { args, initialize } = await launched({}, { permissions });
    expect(args).toEqual(
      expect.arrayContaining(['--permission-mode', 'default', '--permission-prompt-tool']),
    );
    expect(initialize['hooks']).toMatchObject({ PreToolUse: [{ onFailure: 'block' }] });
  });
});

it('servers, the schema and secrets of both are told on stdin, not by arguments', async () => {
  const schema = { type: 'object' };
  const { args, initialize, servers } = await launched(
    {
      agent: { name: 'a', mcpServers: { old: { command: 'x', env: { KEY: 'secret' } } } },
      output: { schema },
    },
    { toolServers: [{ name: 'mine', url: 'http://127.0.0.1:1/mine', token: 'secret' }] },
  );
  expect(servers).toBe(true);
  expect(args.join(' ')).not.toContain('secret');
  expect(initialize).toMatchObject({
    jsonSchema: schema,
    mcpServers: {
      mine: { type: 'http', url: 'http://127.0.0.1:1/mine', headers: { Authorization: 'Bearer secret' } },
    },
  });
});

it('skills become a plugin, also for a second turn', async () => {
  files({ 'skills/pdf/SKILL.md': 'x' });
  const skill = { name: 'pdf', description: 'd', folder: path.join(root, 'skills/pdf') };
  await launched({}, { skills: [skill] });
  const { args, home } = await launched({}, { skills: [skill] });
  const folder = path.join(home, '.troupe/skills');
  expect(args.slice(-2)).toEqual(['--plugin-dir', folder]);
  expect(readdirSync(path.join(folder, 'skills/pdf'))).toEqual(['SKILL.md']);
});

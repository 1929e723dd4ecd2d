import { describe, expect, it } from 'vitest';
import { credentialFieldsOf } from './credential-fields.ts';
import { maskOf } from './credential.ts';

const MASK = maskOf('0123456789abcdef');

/** The fields that hold credentials, and what stands there. */
function found(plural: string, spec: object): Record<string, unknown> {
  const credentials: Record<string, unknown> = {};
  const object = { spec };
  const same = credentialFieldsOf(`${plural}.agent.wecode.io`)?.(object, ({ field, value }) => {
    credentials[field] = value;
    return value;
  });
  expect(same, 'nothing changes').toBe(object);
  return credentials;
}

const stdio = (fields: object): object => ({ transport: { stdio: { command: 'mcp', ...fields } } });
const env = (fields: object): object => ({ modelConfig: { env: fields } });

describe('credentials of', () => {
  it.each<{ reason: string; plural: string; spec: object; want: Record<string, unknown> }>([
    {
      reason: 'a Model: by name, whatever it is',
      plural: 'models',
      spec: env({
        api_key: 'k',
        OPENAI_API_KEY: 7,
        auth: { a: 'b' },
        model_id: 'gpt',
        base_url: 'https://h',
      }),
      want: {
        'spec.modelConfig.env.api_key': 'k',
        'spec.modelConfig.env.OPENAI_API_KEY': 7,
        'spec.modelConfig.env.auth': { a: 'b' },
      },
    },
    {
      reason: 'a Model: anywhere in its configuration',
      plural: 'models',
      spec: { modelConfig: { api_key: 'k', list: [{ token: 't' }, 'sk-x'] } },
      want: {
        'spec.modelConfig.api_key': 'k',
        'spec.modelConfig.list.0.token': 't',
        'spec.modelConfig.list.1': 'sk-x',
      },
    },
    {
      reason: 'a Model: addresses with one in them, and no others',
      plural: 'models',
      spec: env({ base_url: 'https://h/?api-version=1', A: 'https://h/?key=1', B: 'http://u:p@proxy' }),
      want: { 'spec.modelConfig.env.A': 'https://h/?key=1', 'spec.modelConfig.env.B': 'http://u:p@proxy' },
    },
    {
      reason: 'a Model: no limits, switches or what is empty',
      plural: 'models',
      spec: {
        modelConfig: { max_output_tokens: 100, env: { MAX_TOKENS: '5', api_key: '', use_auth: true } },
      },
      want: {},
    },
    {
      reason: 'a Model: a mask, wherever one may stand',
      plural: 'models',
      spec: env({ LANG: MASK }),
      want: { 'spec.modelConfig.env.LANG': MASK },
    },
    {
      reason: 'a Model: not the name of a Secret',
      plural: 'models',
      spec: { ...env({}), secretRef: { name: 's', key: 'api_key' } },
      want: {},
    },
    {
      reason: 'a Ghost: all variables and headers, in whatever form',
      plural: 'ghosts',
      spec: { mcpServers: { m: { command: 'c', env: { LANG: 'C' }, headers: 'a: b' }, n: { env: ['A=b'] } } },
      want: {
        'spec.mcpServers.m.env.LANG': 'C',
        'spec.mcpServers.m.headers': 'a: b',
        'spec.mcpServers.n.env': ['A=b'],
      },
    },
    {
      reason: 'a Ghost: arguments and addresses, at any depth',
      plural: 'ghosts',
      spec: {
        mcpServers: { m: { args: ['--token', 't', '-v'], transport: { url: 'https://h/?a=b', token: 't' } } },
      },
      want: {
        'spec.mcpServers.m.args[1]': 't',
        'spec.mcpServers.m.transport.url': 'https://h/?a=b',
        'spec.mcpServers.m.transport.token': 't',
      },
    },
    {
      reason: 'an MCPServer: values, not the names of Secrets',
      plural: 'mcpservers',
      spec: stdio({
        args: ['--api-key=k', 'run'],
        env: [
          { name: 'LANG', value: 'C' },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        ],
      }),
      want: { 'spec.transport.stdio.args[0]': '--api-key=k', 'spec.transport.stdio.env[0].value': 'C' },
    },
    {
      reason: 'an MCPServer over HTTP',
      plural: 'mcpservers',
      spec: { transport: { http: { url: 'https://h', headers: [{ name: 'x', value: 'v' }] } } },
      want: { 'spec.transport.http.headers[0].value': 'v' },
    },
    {
      reason: 'a Workspace: a token or a password, not the user of ssh',
      plural: 'workspaces',
      spec: { repository: { gitUrl: 'https://token@h/r' } },
      want: { 'spec.repository.gitUrl': 'https://token@h/r' },
    },
    {
      reason: 'a Workspace without one',
      plural: 'workspaces',
      spec: { repository: { gitUrl: 'ssh://git@h/r', secretRef: { name: 's' } } },
      want: {},
    },
    {
      reason: 'a Skill: in both spellings of its address',
      plural: 'skills',
      spec: { source: { git: { url: 'https://u:p@h/r' }, repo_url: 'ssh://u:p@h/r' } },
      want: { 'spec.source.git.url': 'https://u:p@h/r', 'spec.source.repo_url': 'ssh://u:p@h/r' },
    },
    {
      reason: 'a Shell: variables that are named like one',
      plural: 'shells',
      spec: {
        env: { API_TOKEN: 't', MY_API_KEY: 'k', DB_PASSWORD: 'p', OTHER: 'sk-x', P: 'http://u:p@proxy' },
      },
      want: {
        'spec.env.API_TOKEN': 't',
        'spec.env.MY_API_KEY': 'k',
        'spec.env.DB_PASSWORD': 'p',
        'spec.env.OTHER': 'sk-x',
        'spec.env.P': 'http://u:p@proxy',
      },
    },
    {
      reason: 'a Shell: no limits, switches, names of people, files and folders',
      plural: 'shells',
      spec: {
        env: {
          ...{
            MAX_OUTPUT_TOKENS: '5',
            MAX_TOKEN: '5',
            USE_TOKEN: 'false',
            GIT_AUTHOR_NAME: 'Ann',
            EMPTY_KEY: '',
          },
          ...{ SSH_AUTH_SOCK: '/run/s', PASSWORD: '~/p', KEYBOARD: 'de', MONKEY: 'x', TOKENIZERS: 'fast' },
        },
        command: ['agent', '--key-file', '{{promptFile}}'],
        options: { mode: 'route' },
      },
      want: {},
    },
    {
      reason: 'a Shell: what looks like one in its command and options',
      plural: 'shells',
      spec: { command: ['agent', 'sk-x'], options: { a: [{ b: 'ghp_x' }] } },
      want: { 'spec.command.1': 'sk-x', 'spec.options.a.0.b': 'ghp_x' },
    },
    { reason: 'an object of no form', plural: 'ghosts', spec: { mcpServers: [1, null] }, want: {} },
  ])('$reason', ({ plural, spec, want }) => {
    expect(found(plural, spec)).toEqual(want);
  });

  it('has a place that does not depend on the order of arguments and variables', () => {
    const places = (spec: object): string[] => {
      const all: string[] = [];
      credentialFieldsOf('mcpservers.agent.wecode.io')?.({ spec }, ({ place, value }) => {
        all.push(place);
        return value;
      });
      return all.sort();
    };
    const [a, b] = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ];
    const one = stdio({ args: ['--token=t'], env: [a, b] });
    const other = stdio({ args: ['-v', '--token=t'], env: [b, a] });
    expect(places(other)).toEqual(places(one));
  });
});

describe('the recipient of a credential', () => {
  const recipients = (plural: string, spec: object): string[] => {
    const all: string[] = [];
    credentialFieldsOf(`${plural}.agent.wecode.io`)?.({ spec }, ({ value, recipient }) => {
      all.push(recipient());
      return value;
    });
    return all;
  };
  const ghost = (fields: object): object => ({
    mcpServers: { m: { command: 'mcp', args: ['-v'], env: { TOKEN: 't', PROXY: 'p' }, ...fields } },
  });

  it.each([
    [
      'another key',
      'models',
      env({ base_url: 'https://h', api_key: 'k' }),
      env({ base_url: 'https://h', api_key: 'l' }),
    ],
    ['another model', 'models', env({ api_key: 'k', model_id: 'a' }), env({ api_key: 'k', model_id: 'b' })],
    ['another token', 'ghosts', ghost({}), ghost({ env: { TOKEN: 'u', PROXY: 'p' } })],
    ['another order', 'ghosts', ghost({}), ghost({ env: { PROXY: 'p', TOKEN: 't' } })],
  ])('is the same for %s', (_reason, plural, before, after) => {
    expect(new Set([...recipients(plural, before), ...recipients(plural, after)]).size).toBe(1);
  });

  it.each([
    [
      'address',
      'models',
      env({ base_url: 'https://h', api_key: 'k' }),
      env({ base_url: 'https://i', api_key: 'k' }),
    ],
    ['proxy', 'models', env({ api_key: 'k' }), env({ api_key: 'k', HTTPS_PROXY: 'evil:80' })],
    ['program', 'ghosts', ghost({}), ghost({ command: 'sh' })],
    ['argument', 'ghosts', ghost({}), ghost({ args: ['-c', 'env'] })],
    ['variable', 'ghosts', ghost({}), ghost({ env: { TOKEN: 't', PROXY: 'evil' } })],
    ['image', 'shells', { baseImage: 'a', env: { TOKEN: 't' } }, { baseImage: 'evil', env: { TOKEN: 't' } }],
    [
      'command',
      'mcpservers',
      stdio({ env: [{ name: 'T', value: 't' }] }),
      stdio({ command: 'sh', env: [{ name: 'T', value: 't' }] }),
    ],
  ])('is another for another %s', (_reason, plural, before, after) => {
    expect(recipients(plural, before)[0]).not.toBe(recipients(plural, after)[0]);
  });
});

import { describe, expect, it } from 'vitest';
import { readRunRequest } from './run-request.ts';

const model = { protocol: 'anthropic', name: 'm', apiKey: 'key' };
const repository = { gitUrl: 'u', branch: 'b', workBranch: 'w', timeoutSeconds: 1 };
const request = { shell: { type: 'Chat' }, agent: { name: 'a' }, prompt: 'p', timeoutSeconds: 1 };

describe('readRunRequest', () => {
  it.each<[object, string]>([
    [request, 'as little as can be'],
    [{ ...request, model, repository, limits: { diskBytes: 1 } }, 'all parts'],
    [{ ...request, prompt: 'a\0b', limits: {} }, 'a prompt is no argument and may hold anything'],
  ])('%j is good: %s', (body) => expect(readRunRequest(body)).toBe(body));

  it.each([
    [
      { shell: { type: 'Emacs' } },
      'shell.type "Emacs" is not known; known: ClaudeCode, Agno, Dify, Chat, Codex, ACP, Command, Action',
    ],
    [
      { shell: {} },
      'shell.type is missing; known: ClaudeCode, Agno, Dify, Chat, Codex, ACP, Command, Action',
    ],
    [
      { model: { ...model, protocol: 'smtp' } },
      'model.protocol "smtp" is not known; known: anthropic, openai, openai-responses, dify',
    ],
    [{ limits: { diskBytes: 0 } }, 'limits.diskBytes must be a number above 0'],
    [{ limits: { logBytes: '1' } }, 'limits.logBytes must be a number above 0'],
    [{ limits: [] }, 'limits must be an object'],
    [{ model: { ...model, apiKey: 'secret\0' } }, 'model.apiKey must not contain a NUL'],
    [{ model: { ...model, env: { A: 'secret\0' } } }, 'model.env.A must not contain a NUL'],
    [{ model: { ...model, env: { 'A\0': '' } } }, 'a name in model.env must not contain a NUL'],
    [
      { repository: { ...repository, credential: { username: 'u', password: 'secret\0' } } },
      'repository.credential.password must not contain a NUL',
    ],
    [{ repository: { ...repository, gitUrl: 'u\0' } }, 'repository.gitUrl must not contain a NUL'],
  ])('%j is refused', (part, message) => {
    expect(() => readRunRequest({ ...request, ...part })).toThrow(new Error(message));
  });
});

import type { IncomingHttpHeaders } from 'node:http';
import { expect, it } from 'vitest';
import { RunTokens } from './run-tokens.ts';

it('knows a run by its token, sent in either way, for as long as the run goes on', () => {
  const tokens = new RunTokens<string>();
  const one = tokens.add('one');
  const two = tokens.add('two');
  expect(tokens.runOf({ 'x-api-key': one.token })).toBe('one');
  expect(tokens.runOf({ authorization: `Bearer ${two.token}` })).toBe('two');
  expect(tokens.runOf({ authorization: `bearer ${two.token}` })).toBe('two');
  expect(tokens.runOf({ 'x-api-key': '', authorization: `Bearer ${two.token}` })).toBe('two');
  one.revoke();
  expect(tokens.runOf({ 'x-api-key': one.token })).toBeUndefined();
  expect(tokens.runOf({ 'x-api-key': two.token })).toBe('two');
});

it.each<[IncomingHttpHeaders, string]>([
  [{ accept: 'x' }, 'none'],
  [{ 'x-api-key': '' }, 'an empty one'],
  [{ authorization: 'Bearer ' }, 'an empty one'],
  [{ authorization: 'Basic dG9rZW4=' }, 'another scheme'],
  [{ 'x-api-key': 'token' }, 'a wrong one'],
])('%j is nobody: %s', (headers) => {
  const tokens = new RunTokens<string>();
  tokens.add('one');
  expect(tokens.runOf(headers)).toBeUndefined();
});

it('makes tokens of 256 bits', () => {
  const tokens = new RunTokens<string>();
  const made = Array.from({ length: 100 }, () => tokens.add('run').token);
  expect(new Set(made).size).toBe(100);
  expect(made.every((token) => Buffer.from(token, 'base64url').length === 32)).toBe(true);
});

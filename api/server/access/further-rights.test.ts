import { expect, it } from 'vitest';
import { furtherRights } from './further-rights.ts';

const of = (verb: string, plural: string, subresource: string, group = '') => ({
  verb,
  path: '',
  resource: { group, version: 'v1', plural, subresource, namespace: 'a', name: 'p' },
});

it.each([
  ['get', 'pods', 'exec', ['create'], 'a WebSocket'],
  ['get', 'pods', 'attach', ['create'], 'a WebSocket'],
  ['get', 'pods', 'portforward', ['create'], 'a WebSocket'],
  ['create', 'pods', 'exec', [], 'the old way'],
  ['get', 'pods', 'log', [], 'a reader'],
  ['get', 'tasks', 'exec', [], 'no Pod'],
])('%s %s/%s takes also %j: %s', (verb, plural, subresource, want) => {
  expect(furtherRights(of(verb, plural, subresource)).map((one) => one.verb)).toEqual(want);
});

it('asks for nothing where no Pod is named', () => {
  expect(furtherRights(of('get', 'pods', 'exec', 'other.example'))).toEqual([]);
  expect(furtherRights({ verb: 'get', path: '/metrics', resource: undefined })).toEqual([]);
});

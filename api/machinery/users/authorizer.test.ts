import { expect, it } from 'vitest';
import { createUnionAuthorizer } from './authorizer.ts';
import type { Attributes, Authorizer, Decision } from './authorizer.ts';
import { ANONYMOUS } from './user.ts';

const attributes: Attributes = { verb: 'get', path: '/metrics', resource: undefined };

const says = (verdict: Decision['verdict'], reason = ''): Authorizer => ({
  authorize: () => Promise.resolve({ verdict, reason }),
});
const fails: Authorizer = { authorize: () => Promise.reject(new Error('roles cannot be read')) };

const union = (authorizers: readonly Authorizer[]): Authorizer =>
  createUnionAuthorizer(authorizers.map((authorizer, index) => ({ name: String(index), authorizer })));

it.each<[Authorizer[], Decision, string]>([
  [[], { verdict: 'no opinion', reason: '' }, 'nobody to ask'],
  [[says('no opinion'), says('allow', 'b')], { verdict: 'allow', reason: 'b' }, 'the first who decides'],
  [[says('deny', 'a'), says('allow', 'b')], { verdict: 'deny', reason: 'a' }, 'a denial ends it'],
  [
    [fails, says('allow', 'b')],
    { verdict: 'allow', reason: 'b' },
    'a failure does not keep others from deciding',
  ],
  [
    [says('no opinion', 'a'), says('no opinion'), says('no opinion', 'c')],
    { verdict: 'no opinion', reason: '0: a\n2: c' },
    'reasons are kept',
  ],
])('asks one after the other: %#', async (authorizers, decision, reason) => {
  expect(await union(authorizers).authorize(ANONYMOUS, attributes), reason).toEqual(decision);
});

it('cannot tell when one failed and nobody decided', async () => {
  await expect(union([fails, says('no opinion')]).authorize(ANONYMOUS, attributes)).rejects.toThrow(
    'an authorizer failed',
  );
});

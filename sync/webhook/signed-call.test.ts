import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSigned } from './signed-call.ts';

const TOKEN = "It's a Secret to Everybody";
const body = Buffer.from('Hello, World!');
const hex = createHmac('sha256', TOKEN).update(body).digest('hex');

describe('a call of a hosting service', () => {
  it.each([
    // The example in GitHub's documentation.
    {
      reason: 'GitHub',
      headers: {
        'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      },
      expected: true,
    },
    { reason: 'Gitea', headers: { 'x-gitea-signature': hex }, expected: true },
    { reason: 'Forgejo', headers: { 'x-forgejo-signature': hex }, expected: true },
    { reason: 'GitLab', headers: { 'x-gitlab-token': TOKEN }, expected: true },
    { reason: 'nobody', headers: {}, expected: false },
    { reason: 'a signature of SHA-1', headers: { 'x-hub-signature': 'sha1=x' }, expected: false },
    { reason: 'a signature without its prefix', headers: { 'x-hub-signature-256': hex }, expected: false },
    { reason: 'another token', headers: { 'x-gitlab-token': 'guess' }, expected: false },
  ])('of $reason is judged', ({ headers, expected }) => {
    expect(isSigned({ headers, body }, TOKEN)).toBe(expected);
  });

  it('is never taken without a token', () => {
    expect(isSigned({ headers: { 'x-gitlab-token': '' }, body }, '')).toBe(false);
  });
});

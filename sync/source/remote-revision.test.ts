import { describe, expect, it } from 'vitest';
import { findRevision, refsToAsk, revisionText } from './remote-revision.ts';

const [A, B] = ['a'.repeat(40), 'b'.repeat(40)];

describe('the revision of a remote', () => {
  it.each([
    {
      reason: 'HEAD',
      ref: undefined,
      output: `ref: refs/heads/main\tHEAD\n${A}\tHEAD\n`,
      text: `main@sha1:${A}`,
    },
    { reason: 'a detached HEAD', ref: undefined, output: `${A}\tHEAD\n`, text: `HEAD@sha1:${A}` },
    { reason: 'a branch', ref: 'dev', output: `${A}\trefs/heads/dev\n`, text: `dev@sha1:${A}` },
    {
      reason: 'a branch before a tag',
      ref: 'x',
      output: `${A}\trefs/tags/x\n${B}\trefs/heads/x\n`,
      text: `x@sha1:${B}`,
    },
    {
      reason: 'the commit of a tag',
      ref: 'v1',
      output: `${A}\trefs/tags/v1\n${B}\trefs/tags/v1^{}\n`,
      text: `v1@sha1:${B}`,
    },
    {
      reason: 'a full name',
      ref: 'refs/pull/7/head',
      output: `${A}\trefs/pull/7/head\n`,
      text: `refs/pull/7/head@sha1:${A}`,
    },
    {
      reason: 'nothing of the name',
      ref: 'dev',
      output: `${A}\trefs/heads/more/refs/heads/dev\n`,
      text: undefined,
    },
  ])('is that of $reason', ({ ref, output, text }) => {
    const found = findRevision(output, ref);
    expect(found === undefined ? undefined : revisionText(found)).toBe(text);
  });

  it('is asked for by full names, so that a pattern of git matches nothing else', () => {
    expect(refsToAsk('main')).toEqual(['refs/heads/main', 'refs/tags/main', 'refs/tags/main^{}']);
  });

  it('of a commit has no name, and knows SHA-256', () => {
    expect(revisionText({ name: '', commit: A })).toBe(`sha1:${A}`);
    expect(revisionText({ name: '', commit: 'c'.repeat(64) })).toBe(`sha256:${'c'.repeat(64)}`);
  });
});

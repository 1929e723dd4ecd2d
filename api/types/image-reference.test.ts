import { describe, expect, it } from 'vitest';
import { isImageReference } from './image-reference.ts';

describe('isImageReference', () => {
  it.each([
    ['debian', 'a name'],
    ['debian:bookworm-slim', 'with a tag'],
    ['ghcr.io/acme/tools:1.2', 'of another registry'],
    ['127.0.0.1:5000/team/tool', 'with a port'],
    ['[::1]:5000/tool', 'IPv6'],
    ['localhost/a__b/c-d', 'separators'],
    [`tool@sha256:${'a'.repeat(64)}`, 'a digest'],
    [`tool:1@sha256:${'a'.repeat(64)}`, 'both'],
  ])('%s is one: %s', (text, reason) => {
    expect(isImageReference(text), reason).toBe(true);
  });

  it.each([
    ['', 'nothing'],
    ['Not An Image', 'blanks'],
    ['Debian', 'upper case'],
    ['../containers/x', 'a way out of the path'],
    ['a/../b', 'a way out of the path'],
    ['https://ghcr.io/acme/tools', 'a URL'],
    ['a?b=c', 'a query'],
    ['tool:', 'an empty tag'],
    ['tool@sha256:12', 'a short digest'],
    ['a'.repeat(513), 'too long'],
  ])('%s is none: %s', (text, reason) => {
    expect(isImageReference(text), reason).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { negotiate } from './media-type.ts';

describe('negotiate', () => {
  it.each([
    [undefined, { format: 'json' }, 'no wish'],
    ['', { format: 'json' }, 'an empty wish'],
    ['*/*', { format: 'json' }, 'anything'],
    ['text/html, application/json;q=0.5', { format: 'json' }, 'the first that can be served'],
    ['application/yaml', { format: 'yaml' }, 'YAML'],
    ['application/vnd.kubernetes.protobuf,application/json', { format: 'json' }, 'as typed clients ask'],
    [
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      { format: 'json', as: { kind: 'Table', version: 'v1' } },
      'as kubectl get asks',
    ],
    [
      'application/json; as=PartialObjectMetadataList; g=meta.k8s.io; v=v1beta1',
      { format: 'json', as: { kind: 'PartialObjectMetadata', version: 'v1beta1' } },
      'blanks, and the kind of a list',
    ],
    [
      'application/json;as=Table;v=v2;g=meta.k8s.io,*/*',
      { format: 'json' },
      'an unknown version is passed over',
    ],
  ])('%s', (accept, want, reason) => {
    expect(negotiate(accept), reason).toEqual(want);
  });

  it.each([
    ['text/html'],
    ['application/vnd.kubernetes.protobuf'],
    ['application/json;as=Table;v=v1;g=other'],
  ])('refuses %s', (accept) => {
    expect(() => negotiate(accept)).toThrow(expect.objectContaining({ code: 406 }));
  });
});

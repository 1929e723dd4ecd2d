import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectKey, splitObjectKey } from './meta.ts';

describe('objectKey', () => {
  it('comes back from splitObjectKey, namespaces with slashes included', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9._-]+$/);
    const namespace = fc.option(fc.stringMatching(/^[a-z0-9-]+(\/[a-z0-9-]+)?$/), { nil: undefined });
    fc.assert(
      fc.property(name, namespace, (name, namespace) => {
        expect(splitObjectKey(objectKey({ name, namespace }))).toEqual(
          namespace === undefined ? { name } : { name, namespace },
        );
      }),
    );
  });
});

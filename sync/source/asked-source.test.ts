import { describe, expect, it } from 'vitest';
import type { SyncSpec } from '#api/types/generated/sync';
import { AskedSource } from './asked-source.ts';

const SPEC: SyncSpec = { source: { url: 'https://host/a.git', ref: 'main' }, path: 'team' };

describe('a loop that was started for one Sync', () => {
  it.each<{ reason: string; spec: SyncSpec; isRefused: boolean }>([
    { reason: 'the same', spec: SPEC, isRefused: false },
    { reason: 'another interval', spec: { ...SPEC, intervalSeconds: 5 }, isRefused: false },
    { reason: 'another address', spec: { ...SPEC, source: { url: 'https://x/a.git' } }, isRefused: true },
    {
      reason: 'another ref',
      spec: { ...SPEC, source: { ...SPEC.source, ref: 'refs/pull/1/head' } },
      isRefused: true,
    },
    { reason: 'another folder', spec: { ...SPEC, path: 'other' }, isRefused: true },
    { reason: 'another account', spec: { ...SPEC, serviceAccountName: 'x' }, isRefused: true },
  ])('refuses: $isRefused for $reason', ({ spec, isRefused }) => {
    const seen = new AskedSource();
    seen.check({ spec: SPEC });
    for (const asked of [new AskedSource(SPEC), seen]) {
      const check = (): void => asked.check({ spec });
      if (isRefused) expect(check).toThrow('start it again');
      else expect(check).not.toThrow();
    }
  });
});

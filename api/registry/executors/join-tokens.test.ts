import { describe, expect, it } from 'vitest';
import { formatTime } from '../../machinery/clock.ts';
import { createManualClock } from '../../machinery/manual-clock.ts';
import { makeJoinToken, secretHash } from '../../types/join-token.ts';
import type { Registry } from '../registry.ts';
import { findJoinToken } from './join-tokens.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const CLAIM = 'c'.repeat(43);

describe('a join token that was used', () => {
  it.each([
    { reason: 'by the same machine at once', claim: CLAIM, minutes: 0, isGood: true },
    { reason: 'by the same machine soon', claim: CLAIM, minutes: 9, isGood: true },
    // Its Executor may have been removed, or another machine may be it.
    { reason: 'by the same machine later', claim: CLAIM, minutes: 10, isGood: false },
    { reason: 'by another machine', claim: 'd'.repeat(43), minutes: 0, isGood: false },
  ])('is shown again $reason: $isGood', async ({ claim, minutes, isGood }) => {
    const clock = createManualClock(START);
    const { token, tokenHash } = makeJoinToken();
    const object = {
      spec: { tokenHash, executorName: 'one', expirationTime: formatTime(START + 60 * MINUTE_MS) },
      status: { usedTime: formatTime(START), executorName: 'one', claimHash: secretHash(CLAIM) },
    };
    const registry = {
      catalog: { find: () => ({}) },
      get: () => Promise.resolve({ object }),
    } as unknown as Registry;
    clock.advance(minutes * MINUTE_MS);
    const found = findJoinToken({ registry, clock }, { token, claim });
    if (isGood) await expect(found).resolves.toBe(object);
    else await expect(found).rejects.toThrow('the join token was used at');
  });
});

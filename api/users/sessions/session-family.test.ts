import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newSecret, parseRefreshToken, refreshTokenText, secretHash } from './refresh-token.ts';
import { GRACE_MS, rotate } from './session-family.ts';
import type { SessionRecord } from './session-family.ts';

const FAMILY = newSecret();
const FIRST = newSecret();

const opened: SessionRecord = {
  userUID: 'u',
  family: secretHash(FAMILY),
  current: [secretHash(FIRST)],
  createdAt: 0,
  expiresAt: 1_000_000,
  client: '',
  address: '',
};

function use(record: SessionRecord, secret: string, now: number): { record: SessionRecord; next: string } {
  const next = newSecret();
  const rotation = rotate(record, { family: FAMILY, secret, next }, now);
  if (rotation.verdict !== 'rotated') throw new Error(rotation.verdict);
  return { record: rotation.record, next };
}

const verdict = (record: SessionRecord, secret: string, now: number): string =>
  rotate(record, { family: FAMILY, secret, next: newSecret() }, now).verdict;

it('takes each token once', () => {
  const second = use(opened, FIRST, 1000);
  const third = use(second.record, second.next, 2000);
  expect(verdict(third.record, third.next, 3000)).toBe('rotated');
  expect(verdict(third.record, FIRST, 3000), 'older than the last one, at once').toBe('reused');
});

it('gives one more to a client that did not hear of the first, for a moment', () => {
  const second = use(opened, FIRST, 1000);
  const sibling = use(second.record, FIRST, 1000 + GRACE_MS);
  expect(verdict(sibling.record, FIRST, 1000 + GRACE_MS), 'a third').toBe('refused');
  expect(verdict(second.record, FIRST, 1001 + GRACE_MS), 'late').toBe('reused');
  const third = use(sibling.record, second.next, 2000);
  expect(verdict(third.record, sibling.next, 2000), 'the other one of the two').toBe('reused');
});

it('is not ended by somebody who knows its id only', () => {
  const shown = { family: newSecret(), secret: newSecret(), next: newSecret() };
  expect(rotate(opened, shown, 1000)).toEqual({ verdict: 'refused' });
});

it('ends', () => {
  expect(verdict(opened, FIRST, 1_000_000)).toBe('refused');
});

it('lets no thief go on beside the owner, whatever the order', () => {
  // Both hold the first token. Each in turn shows the newest that it has; later than the grace one of them is found out.
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 20 }), (turns) => {
      const held = { thief: FIRST, owner: FIRST };
      let record = opened;
      let now = 0;
      const used = new Set<string>();
      for (const isThief of turns) {
        now += GRACE_MS + 1;
        const who = isThief ? 'thief' : 'owner';
        const next = newSecret();
        const rotation = rotate(record, { family: FAMILY, secret: held[who], next }, now);
        if (used.size > 0 && !used.has(who)) {
          expect(rotation.verdict).toBe('reused');
          return;
        }
        if (rotation.verdict !== 'rotated') throw new Error(rotation.verdict);
        used.add(who);
        record = rotation.record;
        held[who] = next;
      }
    }),
  );
});

it('has a text that is read back', () => {
  const token = { user: 'alice-b', session: 'A'.repeat(22), family: FAMILY, secret: FIRST };
  expect(parseRefreshToken(refreshTokenText(token))).toEqual(token);
  expect(parseRefreshToken(`${refreshTokenText(token)}x`)).toBeUndefined();
  expect(parseRefreshToken('')).toBeUndefined();
});

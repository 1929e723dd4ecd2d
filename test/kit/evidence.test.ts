import { expect, it } from 'vitest';
import { allEvidence, evidence, forgetEnded } from './evidence.ts';

it('what has ended is heard until its test is over, and only its end', () => {
  const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
  using running = evidence('a server', () => lines.join('\n'));
  const silent = evidence('a silent one', () => '');
  {
    using _ = evidence('one that ends', () => 'stopped\n');
  }
  expect(running).toBeDefined();
  const heard = allEvidence().split('\n');
  expect([heard[0], heard[1], heard[60]]).toEqual(['--- a server', 'line 40', 'line 99']);
  expect(heard.slice(61)).toEqual(['--- one that ends', 'stopped']);
  silent[Symbol.dispose]();
  forgetEnded();
  expect(allEvidence()).not.toContain('one that ends');
});

import { describe, expect, it } from 'vitest';
import { readProbeResult } from './probe-result.ts';

const NOTHING = { ok: false, message: 'The runner said nothing of the check.', checks: [] };

describe('readProbeResult', () => {
  it.each<[unknown, object, string]>([
    [undefined, NOTHING, 'no answer'],
    ['text', NOTHING, 'no object'],
    [{ ok: 'true', message: '' }, NOTHING, 'ok must be true itself'],
    [{ ok: true, message: 'Fine.' }, { ok: true, message: 'Fine.', checks: [] }, 'the least'],
    [
      {
        ok: true,
        message: 'm',
        checks: [{ name: 'a', ok: true, message: 'x' }, { name: 'a' }, { ok: true }, 7],
      },
      { ok: true, message: 'm', checks: [{ name: 'a', ok: true, message: 'x' }] },
      'each name once, and nothing without one',
    ],
    [
      { ok: true, message: 'm', serverInfo: { name: 's', version: 1 }, protocolVersion: '2025', other: 1 },
      { ok: true, message: 'm', checks: [], protocolVersion: '2025', serverInfo: { name: 's' } },
      'only what is agreed',
    ],
    [
      {
        ok: true,
        message: 'm',
        tools: [{ name: 't', inputSchema: [], annotations: { a: 1 } }, { name: 't'.repeat(257) }],
      },
      { ok: true, message: 'm', checks: [], tools: [{ name: 't', annotations: { a: 1 } }] },
      'a name that is too long is left out: cut, it would be that of another tool',
    ],
  ])('%j', (given, expected, reason) => {
    expect(readProbeResult(given), reason).toEqual(expected);
  });

  it('cuts what is too long for a status', () => {
    const tools = Array.from({ length: 1500 }, (_, i) => ({ name: `t${i}`, description: 'd'.repeat(1000) }));
    const checks = Array.from({ length: 200 }, (_, i) => ({
      name: `c${i}`,
      ok: true,
      message: 'm'.repeat(9000),
    }));
    const result = readProbeResult({ ok: true, message: 'm'.repeat(9000), checks, tools });
    expect(result.message).toHaveLength(4096);
    expect(result.checks).toHaveLength(100);
    expect(result.tools).toHaveLength(1000);
    expect(result.tools?.[0], 'descriptions go before names').toEqual({ name: 't0' });
  });
});

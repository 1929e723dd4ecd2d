import { describe, expect, it } from 'vitest';
import { stringFormat } from './formats.ts';

describe('string formats', () => {
  const cases: { format: string; good: string[]; bad: string[] }[] = [
    {
      format: 'date-time',
      good: ['2026-11-21T06:16:00Z', '2026-11-21T06:16:00.123456+08:00', '2024-02-29T00:00:00Z'],
      bad: [
        '2026-11-21',
        '2026-13-01T00:00:00Z',
        '2026-02-30T00:00:00Z',
        '2026-11-21T25:00:00Z',
        '2026-11-21T06:16:00',
      ],
    },
    { format: 'date', good: ['2026-11-21'], bad: ['2026-02-30', '21.11.2026'] },
    { format: 'byte', good: ['YQ==', 'YWI=', 'YWJj'], bad: ['', 'a', 'YQ=', 'YQ==x', 'a b c d '] },
    { format: 'duration', good: ['0', '5m', '1h30m', '1.5s', '-2ms'], bad: ['', '5', '5 parsecs'] },
    { format: 'uuid', good: ['550e8400-e29b-41d4-a716-446655440000'], bad: ['550e8400'] },
    { format: 'ipv4', good: ['127.0.0.1', '01.2.3.4'], bad: ['256.0.0.1', '1.2.3'] },
    { format: 'hostname', good: ['git.example.com'], bad: ['-a', 'a_b', ''] },
    { format: 'email', good: ['a@b'], bad: ['a', 'a b@c'] },
    { format: 'uri', good: ['https://example.com/a', '/a'], bad: ['example', ''] },
  ];
  it.each(cases)('$format', ({ format, good, bad }) => {
    const matches = stringFormat(format);
    expect(good.filter((value) => matches?.(value) !== true)).toEqual([]);
    expect(bad.filter((value) => matches?.(value) !== false)).toEqual([]);
  });

  it('unknown ones are not checked, inherited names among them', () => {
    expect(stringFormat('zork')).toBeUndefined();
    expect(stringFormat('toString')).toBeUndefined();
  });
});

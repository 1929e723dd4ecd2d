import { InvalidArgumentError } from 'commander';

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds of a duration as Go writes it: `90s`, `1h30m`, `-1s`; a bare number is seconds.
 * @throws InvalidArgumentError for anything else
 */
export function parseDuration(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text) * 1000;
  const match = /^(-?)((?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('expected a duration such as 30s, 5m or 1h30m');
  let total = 0;
  for (const [, amount, unit] of (match[2] ?? '').matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS[unit ?? 's'] ?? 0);
  }
  return match[1] === '-' ? -total : total;
}

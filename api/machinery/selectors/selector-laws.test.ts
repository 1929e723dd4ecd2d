import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';

/** Selectors as structures, their text, and what they mean by the words of the API concepts. */
type Requirement =
  | { operator: '!=' | '='; key: string; value: string }
  | { operator: 'in' | 'notin'; key: string; values: string[] }
  | { operator: '!exists' | 'exists'; key: string }
  | { operator: '<' | '>'; key: string; value: number };

const key = fc.constantFrom('app', 'tier', 'example.com/env', 'in', 'notin', 'x');
const value = fc.constantFrom('', 'a', 'b', 'in', '5', '10', 'web.v1_x');
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({ operator: fc.constantFrom('=', '!='), key, value }),
  fc.record({
    operator: fc.constantFrom('in', 'notin'),
    key,
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ operator: fc.constantFrom('exists', '!exists'), key }),
  fc.record({ operator: fc.constantFrom('<', '>'), key, value: fc.integer({ min: 0, max: 20 }) }),
);
const labels = fc.dictionary(key, value, { maxKeys: 4 });

function text(one: Requirement): string {
  switch (one.operator) {
    case 'exists':
      return one.key;
    case '!exists':
      return `!${one.key}`;
    case 'in':
    case 'notin':
      return `${one.key} ${one.operator} (${one.values.join(', ')})`;
    default:
      return `${one.key}${one.operator}${one.value}`;
  }
}

function holds(one: Requirement, given: Record<string, string>): boolean {
  const has = Object.hasOwn(given, one.key);
  const actual = given[one.key] ?? '';
  switch (one.operator) {
    case 'exists':
      return has;
    case '!exists':
      return !has;
    case '=':
      return has && actual === one.value;
    case '!=':
      return !has || actual !== one.value;
    case 'in':
      return has && one.values.includes(actual);
    case 'notin':
      return !has || !one.values.includes(actual);
    case '<':
      return has && /^\d+$/.test(actual) && Number(actual) < one.value;
    case '>':
      return has && /^\d+$/.test(actual) && Number(actual) > one.value;
  }
}

describe('label selectors', () => {
  it('select what each of their requirements selects', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), labels, (requirements, given) => {
        const selector = parseLabelSelector(requirements.map(text).join(','));
        const expected = requirements.every((one) => holds(one, given));
        expect(selector.matches(given), requirements.map(text).join(',')).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of any text are parsed or refused with 400', () => {
    const piece = fc.constantFrom(
      'a',
      'in',
      'notin',
      '(',
      ')',
      ',',
      '!',
      '=',
      '==',
      '!=',
      ' ',
      '<',
      '>',
      '5',
      '/',
      '\u0000',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          parseLabelSelector(pieces.join(''));
        } catch (error) {
          expect(error).toMatchObject({ reason: 'BadRequest', code: 400 });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

import { expect, it } from 'vitest';
import { headerNameProblem, isHeaderText } from './given-header.ts';

it.each([
  ['X-Key', undefined],
  ['Host', "the client's own"],
  ['transfer-ENCODING', "the client's own"],
  ['', 'no name'],
  ['a b', 'no name'],
  ['a:', 'no name'],
  ['a\r\nb', 'no name'],
])('the header %j: %s', (name, problem) => {
  expect(headerNameProblem(name)).toBe(problem);
});

it.each([
  ['a\tb', true],
  ['é', true],
  ['', true],
  ['a\nb', false],
  ['a\rb', false],
  ['\0', false],
  ['語', false],
])('the value %j: %s', (value, fits) => {
  expect(isHeaderText(value)).toBe(fits);
});

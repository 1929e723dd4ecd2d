import { describe, expect, it } from 'vitest';
import { rowGroups, rowList, sql } from './sql-text.ts';

describe('sql', () => {
  it('escapes every value', () => {
    const name = "a'; DROP TABLE x; -- \\ \0";
    expect(sql`SELECT ${name}, ${5}, ${['a', "b'"]}`.text).toBe(
      "SELECT 'a\\'; DROP TABLE x; -- \\\\ \\0', 5, 'a', 'b\\''",
    );
    expect(
      sql`VALUES ${rowList([
        ['a', 1],
        ['b', 2],
      ])}`.text,
    ).toBe("VALUES ('a', 1), ('b', 2)");
  });
});

describe('rowGroups', () => {
  it('keeps groups below the limit and a large row alone', () => {
    const rows = [10, 10, 10, 500, 10].map((size) => ['x'.repeat(size)] as const);
    expect(rowGroups(rows, 60).map((group) => group.map(([text]) => text.length))).toEqual([
      [10, 10],
      [10],
      [500],
      [10],
    ]);
    expect(rowGroups([], 60)).toEqual([]);
  });
});

import { escape as escapeValue } from 'mysql2';

/** A value in the text of a statement. Only strings and numbers: nothing else can change the form of the SQL. */
export type SqlValue = string | number;

/**
 * A statement with its values in place. As text and not as prepared statements, because a batch has another
 * number of rows each time. Arrays become comma-separated lists.
 */
export function sql(strings: TemplateStringsArray, ...values: (SqlValue | readonly SqlValue[] | Sql)[]): Sql {
  let text = strings[0] ?? '';
  values.forEach((value, i) => {
    text += textOf(value) + (strings[i + 1] ?? '');
  });
  return { text };
}

/** SQL text whose values are escaped. */
export interface Sql {
  readonly text: string;
}

/** `(a, b), (c, d)`: the rows of an INSERT. */
export function rowList(rows: readonly (readonly SqlValue[])[]): Sql {
  return { text: rows.map((row) => `(${textOf(row)})`).join(', ') };
}

export function joinSql(parts: readonly Sql[], separator: ' AND ' | ' OR ' | ', '): Sql {
  return { text: parts.map((part) => part.text).join(separator) };
}

function textOf(value: SqlValue | readonly SqlValue[] | Sql): string {
  if (typeof value === 'string') return escapeValue(value);
  if (typeof value === 'number') return String(value);
  return 'text' in value ? value.text : value.map((item) => textOf(item)).join(', ');
}

/**
 * Rows of an INSERT in groups whose text stays below `maxBytes`, so that a statement fits a packet. A row that is
 * larger alone is a group of its own.
 */
export function rowGroups<T extends readonly SqlValue[]>(rows: readonly T[], maxBytes: number): T[][] {
  const groups: T[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const bytes = escapedBytes(row);
    if (size + bytes > maxBytes) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(row);
    size += bytes;
  }
  return groups;
}

/** What the values take in a statement at most: every character may need a backslash. */
export function escapedBytes(values: readonly SqlValue[]): number {
  let bytes = 0;
  for (const value of values) {
    bytes += typeof value === 'string' ? Buffer.byteLength(value) * 2 + 4 : 22;
  }
  return bytes;
}

import type { ObjectMeta } from '#api/machinery/meta';
import { visibleText } from '#api/machinery/visible-text';

/** meta/v1 Table: rows that the server made for people. */
export interface Table {
  kind: 'Table';
  metadata?: { resourceVersion?: string; continue?: string };
  columnDefinitions: TableColumn[] | null;
  rows: TableRow[] | null;
}

export interface TableColumn {
  name: string;
  type: string;
  format?: string;
  /** From 1 on only for `-o wide`. */
  priority?: number;
}

export interface TableRow {
  cells: unknown[];
  object?: { metadata: ObjectMeta };
}

export const TABLE_ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface TableStyle {
  wide: boolean;
  /** Put in front of each name: `task.agent.wecode.io/`, when several resources are shown. */
  namePrefix: string;
  showNamespace: boolean;
  showLabels: boolean;
}

/** Header and rows as texts, columns chosen by `style`. */
export function tableCells(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  style: TableStyle,
): { header: string[]; rows: string[][] } {
  const shown = columns.flatMap((column, index) =>
    style.wide || (column.priority ?? 0) === 0 ? [{ column, index }] : [],
  );
  const header = [
    ...(style.showNamespace ? ['NAMESPACE'] : []),
    ...shown.map(({ column }) => column.name.toUpperCase()),
    ...(style.showLabels ? ['LABELS'] : []),
  ];
  const texts = rows.map((row) => [
    ...(style.showNamespace ? [row.object?.metadata.namespace ?? ''] : []),
    ...shown.map(({ column, index }) => {
      const text = cellText(row.cells[index]);
      return column.format === 'name' ? style.namePrefix + text : text;
    }),
    ...(style.showLabels ? [labelsText(row.object?.metadata.labels)] : []),
  ]);
  return { header, rows: texts };
}

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'object') return visibleText(JSON.stringify(cell));
  // A cell is one line; what comes after the first tells people to look at the object itself.
  const [line = '', ...more] = String(cell).split('\n');
  // Before widths are measured.
  return visibleText(more.length > 0 ? `${line}...` : line);
}

export function labelsText(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}

/** Columns wide enough for their longest cell and three blanks; `widths` keeps later lines in line. */
export function alignLines(lines: readonly (readonly string[])[], widths: number[] = []): string {
  for (const line of lines) {
    for (const [index, cell] of line.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(cell));
    }
  }
  return lines
    .map((line) =>
      line.map((cell, index) => pad(cell, index === line.length - 1 ? 0 : widths[index])).join(''),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function pad(cell: string, width = 0): string {
  return width === 0 ? cell : cell + ' '.repeat(Math.max(0, width - displayWidth(cell)) + 3);
}

/** CJK characters take two columns of a terminal. */
function displayWidth(text: string): number {
  let width = 0;
  for (const char of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        char,
      )
        ? 2
        : 1;
  return width;
}

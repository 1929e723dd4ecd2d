/** One measured figure, beside the floor that the machine gave in the same run. */
export interface Figure {
  name: string;
  /** The place that it ran on: sqlite, mysql, docker or -. */
  on: string;
  /** The figure with its unit, as people read it. */
  value: string;
  p50Ms?: number;
  p99Ms?: number;
  /** Microseconds of the server's processor time for each request. */
  cpuUs?: number | undefined;
  /** The name of the floor, with its value. */
  floor?: string;
  /** How many times the floor's cost ours is; 1 is the best there is. */
  ratio?: number;
}

const HEADINGS = ['figure', 'on', 'value', 'p50 ms', 'p99 ms', 'cpu us', 'x floor', 'floor'];

/** As people read it: with a fraction where that matters. */
export const rate = (perSecond: number): string =>
  `${perSecond < 100 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`;

/** One figure, shown as soon as it is known: the table comes only at the end of them all. */
export function formatLine({ name, on, value, p50Ms, p99Ms, cpuUs }: Figure): string {
  const latency = p50Ms === undefined ? '' : `, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms?.toFixed(2)} ms`;
  return `${name} on ${on}: ${value}${latency}${cpuUs === undefined ? '' : `, cpu ${cpuUs.toFixed(0)} us`}`;
}

/** The figures as a table of aligned columns. */
export function formatTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    figure.on,
    figure.value,
    figure.p50Ms?.toFixed(2) ?? '-',
    figure.p99Ms?.toFixed(2) ?? '-',
    figure.cpuUs?.toFixed(0) ?? '-',
    figure.ratio?.toFixed(2) ?? '-',
    figure.floor ?? '-',
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(HEADINGS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

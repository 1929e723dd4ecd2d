/** One line of the stream with which the engine tells about a pull. */
export interface PullLine {
  status?: string;
  /** Of a layer. */
  id?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
}

/** Stages of a layer, as the engine words them, after which nothing of it is left to fetch. */
const FETCHED = new Set(['Download complete', 'Verifying Checksum', 'Extracting', 'Pull complete']);
const DONE = new Set(['Pull complete', 'Already exists']);

/** How far the pull of an image has come, from the engine's lines. */
export class PullProgress {
  readonly #layers = new Map<string, { stage: string; current: number; total: number }>();

  /** @returns the error that the engine tells, which ends the pull */
  take({ id, status, progressDetail, error, errorDetail }: PullLine): string | undefined {
    const failure = errorDetail?.message ?? error;
    if (failure !== undefined) return failure;
    // The first line has the tag in place of a layer.
    if (id === undefined || status === undefined || status.startsWith('Pulling from')) return undefined;
    const layer = this.#layers.get(id) ?? { stage: status, current: 0, total: 0 };
    layer.stage = status;
    if (status === 'Downloading') {
      layer.current = progressDetail?.current ?? layer.current;
      layer.total = progressDetail?.total ?? layer.total;
    } else if (FETCHED.has(status)) {
      layer.current = layer.total;
    }
    this.#layers.set(id, layer);
    return undefined;
  }

  /** `2 of 5 layers, 12 of 80 MB`, or nothing while no layer is known. */
  toString(): string {
    const layers = [...this.#layers.values()];
    if (layers.length === 0) return '';
    const done = layers.filter(({ stage }) => DONE.has(stage)).length;
    const sum = (amount: 'current' | 'total'): number => layers.reduce((n, layer) => n + layer[amount], 0);
    const bytes = sum('total') === 0 ? '' : `, ${megabytes(sum('current'))} of ${megabytes(sum('total'))} MB`;
    return `${done} of ${layers.length} layers${bytes}`;
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);

/** Values that were worked out lately, by their keys; the one that was used longest ago goes first. */
export class BoundedCache<T> {
  readonly #entries = new Map<string, T>();
  readonly #most: number;

  constructor({ most }: { most: number }) {
    this.#most = most;
  }

  get(key: string): T | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}

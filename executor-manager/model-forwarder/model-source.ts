import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '#api/machinery/clock';
import type { RealModel } from './credential-headers.ts';

export interface ModelSourceOptions {
  read: () => Promise<RealModel>;
  /** The Model as it was read already. */
  known?: RealModel | undefined;
  clock: Clock;
}

/** A service that refuses every call must not become a stream of reads. */
const READ_AGAIN_MS = 5000;

/** The Model of one run: read when it is needed, kept, and read again when its service refuses the key. */
export class ModelSource {
  readonly #options: ModelSourceOptions;
  #known: Promise<RealModel> | undefined;
  #lastRead = Number.NEGATIVE_INFINITY;

  constructor(options: ModelSourceOptions) {
    this.#options = options;
    if (options.known !== undefined) this.#known = Promise.resolve(options.known);
  }

  /** Throws what reading throws; a failure is not kept. */
  current(): Promise<RealModel> {
    this.#known ??= this.#read();
    return this.#known;
  }

  /** The service has refused `model`. Whether there is another one now, as after a key was rotated; never throws. */
  async changedFrom(model: RealModel): Promise<boolean> {
    const { clock } = this.#options;
    if (isDeepStrictEqual(await this.#known, model) && clock.now() - this.#lastRead >= READ_AGAIN_MS) {
      const before = this.#known;
      this.#known = this.#read().catch(() => before ?? model);
    }
    return !isDeepStrictEqual(await this.#known, model);
  }

  #read(): Promise<RealModel> {
    this.#lastRead = this.#options.clock.now();
    const reading = this.#options.read();
    reading.catch(() => {
      if (this.#known === reading) this.#known = undefined;
    });
    return reading;
  }
}

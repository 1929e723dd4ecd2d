import { createHash } from 'node:crypto';
import { readLines } from '#api/client/line-stream';
import type { Clock } from '#api/machinery/clock';
import { StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import { untilAborted } from '#api/machinery/until-aborted';
import type { OnProgress } from '../../driver.ts';
import type { RegistryCredential } from '../../../runtime/registry-credential.ts';
import { ImageUnavailable } from '../../image-unavailable.ts';
import { engineError } from '../engine-connection.ts';
import type { EngineConnection } from '../engine-connection.ts';
import { PullProgress } from './pull-progress.ts';
import type { PullLine } from './pull-progress.ts';

export interface ImagePullerOptions {
  engine: EngineConnection;
  clock: Clock;
}

interface Pull {
  done: Promise<void>;
  ending: AbortController;
  listeners: Set<OnProgress>;
  waiting: number;
  /** The last progress: a newcomer is told it at once. */
  last: string;
}

/** Not each of the engine's lines is worth a write. */
const TELL_MS = 2000;
/** A registry that sends nothing for this long does not come back. */
const SILENCE_MS = 3 * 60_000;

/** An image, and the credential for its registry. */
export interface PulledImage {
  name: string;
  credential?: RegistryCredential;
}

/** Pulls images, each once at a time with one credential, however many ask for it. A pull that nobody waits for any longer is ended. */
export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #pulls = new Map<string, Pull>();

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  /**
   * @throws ImageUnavailable when the registry says that there is no such image or that it may not be had;
   * StatusError InternalError when the registry cannot be reached; the signal's reason.
   */
  async pull(image: PulledImage, signal: AbortSignal, onProgress: OnProgress): Promise<void> {
    const pull = this.#pulls.get(keyOf(image)) ?? this.#begin(image);
    pull.listeners.add(onProgress);
    pull.waiting += 1;
    onProgress(pull.last);
    try {
      await untilAborted(pull.done, signal);
    } finally {
      pull.listeners.delete(onProgress);
      pull.waiting -= 1;
      if (pull.waiting === 0) pull.ending.abort(new Error('nobody waits for the image'));
    }
  }

  #begin(image: PulledImage): Pull {
    const key = keyOf(image);
    const ending = new AbortController();
    const listeners = new Set<OnProgress>();
    const pull: Pull = {
      ...{ ending, listeners, waiting: 0, last: `Pulling image ${image.name}.` },
      done: Promise.resolve(),
    };
    const tell = (message: string): void => {
      pull.last = message;
      for (const listener of listeners) listener(message);
    };
    pull.done = this.#run(image, ending, tell).finally(() => this.#pulls.delete(key));
    // Everybody may have left before it ends.
    pull.done.catch(() => undefined);
    this.#pulls.set(key, pull);
    return pull;
  }

  async #run(
    { name: image, credential }: PulledImage,
    ending: AbortController,
    tell: OnProgress,
  ): Promise<void> {
    const { engine, clock } = this.#options;
    let cancel = (): void => undefined;
    const expectMore = (): void => {
      cancel();
      cancel = clock.after(SILENCE_MS, () => ending.abort(new Error('the registry sends nothing')));
    };
    try {
      expectMore();
      const stream = await engine.streams.pull(reference(image), {
        abortSignal: ending.signal,
        // The engine's header X-Registry-Auth.
        ...(credential && { authconfig: credential }),
      });
      await this.#follow(image, stream as AsyncIterable<Uint8Array>, { tell, onLine: expectMore });
    } catch (error) {
      const cause: unknown = ending.signal.aborted ? ending.signal.reason : error;
      throw pullFailure(image, cause, engine);
    } finally {
      cancel();
    }
  }

  async #follow(
    image: string,
    stream: AsyncIterable<Uint8Array>,
    { tell, onLine }: { tell: OnProgress; onLine: () => void },
  ): Promise<void> {
    const { clock } = this.#options;
    const progress = new PullProgress();
    let told = clock.now();
    for await (const line of readLines(stream)) {
      onLine();
      const failure = progress.take(JSON.parse(line) as PullLine);
      if (failure !== undefined) throw new Error(failure);
      const text = progress.toString();
      if (text === '' || clock.now() - told < TELL_MS) continue;
      told = clock.now();
      tell(`Pulling image ${image}: ${text}.`);
    }
  }
}

/** Whoever has another credential may be refused where somebody else is not. */
function keyOf({ name, credential }: PulledImage): string {
  return createHash('sha256')
    .update(JSON.stringify([name, credential ?? null]))
    .digest('hex');
}

/** Without a tag the engine would pull all that there are. */
function reference(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1);
  return name.includes(':') || image.includes('@') ? image : `${image}:latest`;
}

/** The words of registries and engines for what another try does not change. */
const FINAL: readonly [RegExp, StatusReason][] = [
  [/unauthorized|access denied|access forbidden|authentication required|denied:/i, 'Forbidden'],
  [/not found|manifest unknown|name unknown|does not exist/i, 'NotFound'],
  [
    /no matching manifest|does not match the (specified|detected) platform|unsupported|invalid/i,
    'BadRequest',
  ],
];

function pullFailure(image: string, error: unknown, engine: EngineConnection): StatusError {
  const isAnswer = (error as { statusCode?: number }).statusCode !== undefined;
  const isAway = !isAnswer && (error as NodeJS.ErrnoException).code !== undefined;
  if (isAway) return engineError(error, engine.address);
  const text = (isAnswer ? engineError(error, engine.address) : (error as Error)).message;
  // dockerode's own words in front of the engine's, where it reads no body.
  const words = text
    .replace(/^Docker engine: /, '')
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .trim();
  const message = `image ${image} cannot be pulled: ${words}`;
  const found = FINAL.find(([pattern]) => pattern.test(words));
  return found === undefined
    ? new StatusError('InternalError', message, { cause: error })
    : new ImageUnavailable(found[1], message, { cause: error });
}

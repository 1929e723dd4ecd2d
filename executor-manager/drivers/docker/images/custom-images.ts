import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import { isImageReference } from '#api/types/image-reference';
import type { OnProgress, RuntimeSpec } from '../../driver.ts';
import { ImageUnavailable } from '../../image-unavailable.ts';
import type { EngineCall, EngineConnection } from '../engine-connection.ts';
import { checkPlatform, findImage } from './image-facts.ts';
import type { ImageFacts } from './image-facts.ts';
import { ImagePuller } from './image-puller.ts';
import { ensureRunnerVolume } from './runner-volume.ts';

/** Somebody's own image, ready to run the runner in it. */
export interface CustomImage {
  name: string;
  /** The variables that it declares. */
  environment: Readonly<Record<string, string>>;
  /** Volume with the runner, whose programs need nothing of the image. */
  runnerVolume: string;
}

/** An image that somebody names, and how the credential for its registry is read. */
export interface WantedImage {
  name: string;
  registryCredential: RuntimeSpec['registryCredential'] | undefined;
}

export interface CustomImagesOptions {
  engine: EngineConnection;
  call: EngineCall;
  /** The image with the runner in it. */
  ownImage: string;
  clock: Clock;
  logger: Logger;
}

/** Makes images that are not the runner's own ready: pulled where they are not there, checked, and the runner beside them. */
export class CustomImages {
  readonly #options: CustomImagesOptions;
  readonly #puller: ImagePuller;
  /** While it is made sure of, by the id of the runner's image: sandboxes that start together ask once. */
  readonly #volumes = new Map<string, Promise<string>>();

  constructor(options: CustomImagesOptions) {
    this.#options = options;
    this.#puller = new ImagePuller(options);
  }

  /** @throws ImageUnavailable, StatusError when the engine fails, the signal's reason */
  async prepare(wanted: WantedImage, signal: AbortSignal, onProgress: OnProgress): Promise<CustomImage> {
    const { name } = wanted;
    // Also since it becomes a part of a path.
    if (!isImageReference(name)) {
      throw new ImageUnavailable('BadRequest', `"${name.slice(0, 512)}" is not the name of an image`);
    }
    const own = await this.#ownImage();
    const facts = (await this.#find(name)) ?? (await this.#pull(wanted, signal, onProgress));
    checkPlatform(name, facts, own);
    const { environment } = facts;
    return { name, environment, runnerVolume: await this.#runnerVolume(own, signal) };
  }

  #find(name: string): Promise<ImageFacts | undefined> {
    return findImage(this.#options.engine, name);
  }

  async #ownImage(): Promise<ImageFacts> {
    const { ownImage } = this.#options;
    const facts = await this.#find(ownImage);
    if (facts !== undefined) return facts;
    throw new StatusError('ServiceUnavailable', `the engine has no image ${ownImage}, which has the runner`);
  }

  async #pull(
    { name, registryCredential }: WantedImage,
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<ImageFacts> {
    const credential = await registryCredential?.();
    await this.#puller.pull({ name, ...(credential && { credential }) }, signal, onProgress);
    const facts = await this.#find(name);
    if (facts !== undefined) return facts;
    throw new ImageUnavailable('NotFound', `image ${name} was pulled, but the engine does not have it`);
  }

  #runnerVolume({ id }: ImageFacts, signal: AbortSignal): Promise<string> {
    const known = this.#volumes.get(id);
    if (known !== undefined) return known;
    const image = { name: this.#options.ownImage, id };
    const ensuring = ensureRunnerVolume({ ...this.#options, image }, signal);
    this.#volumes.set(id, ensuring);
    // Asked for again each time: somebody may have removed it meanwhile.
    const forget = (): void => void this.#volumes.delete(id);
    ensuring.then(forget, forget);
    return ensuring;
  }
}

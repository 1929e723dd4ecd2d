import { isStatusError } from '#api/machinery/status-error';
import { ImageUnavailable } from '../../image-unavailable.ts';
import type { EngineConnection } from '../engine-connection.ts';
import { engineError } from '../engine-connection.ts';

/** An image as the engine has it. */
export interface ImageFacts {
  /** Of its content. */
  id: string;
  /** `linux/amd64`. */
  platform: string;
  /** The variables that it declares. */
  environment: Record<string, string>;
}

/** Undefined when the engine has no such image. Throws StatusError. */
export async function findImage(engine: EngineConnection, image: string): Promise<ImageFacts | undefined> {
  try {
    const { Id, Os, Architecture, Config } = await engine.calls.getImage(image).inspect();
    // An image without a configuration of its own has none here either, whatever the types say.
    const variables = (Config as { Env?: string[] | null } | null)?.Env ?? [];
    return {
      id: Id,
      platform: `${Os}/${Architecture}`,
      environment: Object.fromEntries(variables.map((variable) => split(variable))),
    };
  } catch (error) {
    const translated = engineError(error, engine.address);
    if (isStatusError(translated, 'NotFound')) return undefined;
    throw translated;
  }
}

/** Told before anything is started: the kernel's own words would be "exec format error". @throws ImageUnavailable */
export function checkPlatform(image: string, { platform }: ImageFacts, own: ImageFacts): void {
  if (platform === own.platform) return;
  throw new ImageUnavailable(
    'BadRequest',
    `image ${image} is for ${platform}, but this executor runs ${own.platform}`,
  );
}

function split(variable: string): [name: string, value: string] {
  const at = variable.indexOf('=');
  return at === -1 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)];
}

import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { watchFile } from '../../watched-files/watched-file.ts';
import { TrustBundle } from './trust-bundle.ts';

/** A file of authorities, PEM, which is read again when it changes. */
export interface AuthorityFile extends Disposable {
  current(): TrustBundle;
}

export interface AuthorityFileOptions {
  /** How the flag is called, for messages. */
  flag: string;
  file: string;
  clock: Clock;
  logger: Logger;
  onChange(): void;
}

/** @throws Error, for a person, where the file cannot be read or holds no certificates */
export async function openAuthorityFile(options: AuthorityFileOptions): Promise<AuthorityFile> {
  const { flag, file, clock, logger, onChange } = options;
  let bundle: TrustBundle;
  const watched = await watchFile({
    file,
    clock,
    logger,
    use(text) {
      bundle = new TrustBundle(text);
      logger.info('authorities of clients were read again', { file, count: bundle.authorities.length });
      onChange();
    },
  }).catch((cause: unknown) => {
    throw new Error(`--${flag} ${file}`, { cause });
  });
  try {
    bundle = new TrustBundle(watched.text);
  } catch (cause) {
    watched[Symbol.dispose]();
    throw new Error(`--${flag} ${file}`, { cause });
  }
  return { current: () => bundle, [Symbol.dispose]: () => watched[Symbol.dispose]() };
}

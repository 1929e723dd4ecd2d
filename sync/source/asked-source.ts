import type { Sync, SyncSpec } from '#api/types/generated/sync';
import { SyncFailure } from '../sync-failure.ts';

/**
 * The source that a loop for one Sync was started for. Its manifests get the rights of whoever started it, and its server
 * the credential that he has given. Others may write the Sync, and must not choose another source, or the account.
 */
export class AskedSource {
  #asked: string | undefined;

  /** @param spec absent: that of the first Sync that is seen */
  constructor(spec?: SyncSpec) {
    this.#asked = spec && textOf(spec);
  }

  /** @throws SyncFailure InvalidSource for a Sync that was changed meanwhile */
  check({ spec }: Pick<Sync, 'spec'>): void {
    const now = textOf(spec);
    this.#asked ??= now;
    if (now === this.#asked) return;
    const message =
      'spec.source, spec.path or spec.serviceAccountName is not what this loop was started with, and gets no rights of whoever did that: ' +
      'start it again, with --branch, --path and --service-account where others have set them';
    throw new SyncFailure('InvalidSource', message, { isFinal: true });
  }
}

const textOf = ({ source, path = '', serviceAccountName = '' }: SyncSpec): string =>
  JSON.stringify([source.url, source.ref ?? '', path, serviceAccountName]);

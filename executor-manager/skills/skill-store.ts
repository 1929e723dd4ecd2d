import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '#api/client/client';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import { SKILL_PACKAGES } from '#api/types/resources';
import { isContentHash, skillPackageName } from '#api/types/skills/skill';

/** One content of a Skill. */
export interface SkillContent {
  namespace: string;
  name: string;
  /** `sha256:…`. */
  contentHash: string;
}

export interface SkillStoreOptions {
  client: Pick<Client, 'find'>;
  /** Of this executor; packages are in it by their hash. */
  folder: string;
  logger: Logger;
  /** Bytes that packages may take there. */
  limitBytes?: number;
}

const DEFAULT_LIMIT_BYTES = 256 * 1024 * 1024;

/** The 64 hexadecimal digits of a content hash. */
export const hexOf = (contentHash: string): string => contentHash.replace(/^sha256:/, '');

/**
 * Packages of skills, read from the API once and kept on the disk of this executor. A file on the disk is held to its
 * hash each time; a disk that is full or broken costs a request, not a run.
 */
export class SkillStore {
  readonly #options: SkillStoreOptions;
  /** Packages that are being read, so that Sandboxes that start together ask once. */
  readonly #reading = new Map<string, Promise<Buffer>>();

  constructor(options: SkillStoreOptions) {
    this.#options = options;
  }

  /** @throws StatusError NotFound when the package is no longer kept; others as the API answers */
  read(content: SkillContent): Promise<Buffer> {
    const { namespace, contentHash } = content;
    const key = `${namespace}/${contentHash}`;
    const known = this.#reading.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(content).finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  async #read(content: SkillContent): Promise<Buffer> {
    const { contentHash, namespace, name } = content;
    const shown = `Skill "${namespace}/${name}"`;
    // Files are named by it.
    if (!isContentHash(contentHash)) {
      throw new StatusError('BadRequest', `${shown}: ${JSON.stringify(contentHash)} is no hash of a package`);
    }
    const kept = await this.#fromDisk(contentHash);
    if (kept !== undefined) return kept;
    const place = { namespace, name: skillPackageName(contentHash) };
    const found = await this.#options.client.find(SKILL_PACKAGES, place);
    if (found === undefined) {
      throw new StatusError('NotFound', `${shown}: its package ${contentHash} is no longer kept`);
    }
    const zip = Buffer.from(found.spec.zip, 'base64');
    if (hashOf(zip) !== contentHash) {
      throw new StatusError('InternalError', `${shown}: its package is not the one of ${contentHash}`);
    }
    await this.#keep(contentHash, zip);
    return zip;
  }

  #file(contentHash: string): string {
    return join(this.#options.folder, `${hexOf(contentHash)}.zip`);
  }

  async #fromDisk(contentHash: string): Promise<Buffer | undefined> {
    const file = this.#file(contentHash);
    try {
      const zip = await readFile(file);
      if (hashOf(zip) !== contentHash) return undefined;
      const now = new Date();
      await utimes(file, now, now);
      return zip;
    } catch {
      return undefined; // read from the API instead
    }
  }

  async #keep(contentHash: string, zip: Buffer): Promise<void> {
    const { folder, logger } = this.#options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = this.#file(contentHash);
      // Whole or not there; half a file would be found by its hash, too, and read once more.
      await writeFile(`${file}.new`, zip, { mode: 0o600 });
      await rename(`${file}.new`, file);
      await this.#makeRoom();
    } catch (error) {
      logger.warn('a package of a skill cannot be kept', { cause: describeError(error) });
    }
  }

  /** Those that nobody has read for longest go first. */
  async #makeRoom(): Promise<void> {
    const { folder, limitBytes = DEFAULT_LIMIT_BYTES } = this.#options;
    const files = await Promise.all(
      (await readdir(folder)).map(async (name) => {
        const file = join(folder, name);
        const { size, mtimeMs } = await stat(file);
        return { file, size, mtimeMs };
      }),
    );
    let bytes = 0;
    for (const { file, size } of files.toSorted((a, b) => b.mtimeMs - a.mtimeMs)) {
      bytes += size;
      if (bytes > limitBytes) await rm(file, { force: true });
    }
  }
}

const hashOf = (zip: Buffer): string => `sha256:${createHash('sha256').update(zip).digest('hex')}`;

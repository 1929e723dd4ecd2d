import type { ObjectRef } from '../machinery/resource-type.ts';
import type { Skill } from '../types/generated/skill.ts';
import { SKILLS } from '../types/resources.ts';
import { queryString, resourcePath } from './resource-path.ts';
import type { Transport } from './transport.ts';

/** The files of Skills: their subresource `package`. */
export interface SkillPackageClient {
  /**
   * Makes a zip the newest content of a Skill; the same content again has no effect.
   * @throws StatusError NotFound, Invalid with the reason why the zip is refused
   */
  push(ref: ObjectRef, zip: Uint8Array): Promise<Skill>;
  /** The zip that new Tasks get, or the one with the hash. @throws StatusError NotFound */
  pull(ref: ObjectRef, hash?: string): Promise<Buffer>;
}

export function createSkillPackageClient({ transport }: { transport: Transport }): SkillPackageClient {
  const pathOf = (ref: ObjectRef): string => resourcePath(SKILLS, { ...ref, subresource: 'package' });
  return {
    async push(ref, zip) {
      const request = {
        method: 'PUT',
        path: pathOf(ref),
        body: zip,
        contentType: 'application/zip',
      } as const;
      return JSON.parse((await transport.send(request)).text) as Skill;
    },
    async pull(ref, hash) {
      const path = pathOf(ref) + queryString({ hash });
      const pieces: Uint8Array[] = [];
      const request = { method: 'GET', path, accept: 'application/zip' } as const;
      for await (const piece of transport.bytes(request)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

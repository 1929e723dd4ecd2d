import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidPackage } from '#skill-packages/invalid-package';
import { PACKAGE_LIMITS } from '#skill-packages/package-limits';
import { SkillRefused } from '../skills/skill-shelf.ts';
import type { SkillShelf } from '../skills/skill-shelf.ts';
import { badRequest, HttpError } from './http-error.ts';

/** Takes the package of a skill. Loaded with the first one, as few runs have any. */
export async function putSkill(
  shelf: SkillShelf,
  key: { hash: string; name: string },
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const zip = await readZipBody(request);
  try {
    await shelf.put(key, zip);
  } catch (error) {
    if (!(error instanceof SkillRefused || error instanceof InvalidPackage)) throw error;
    throw badRequest(`the skill ${JSON.stringify(key.name.slice(0, 100))} is refused: ${error.message}`);
  }
  response.writeHead(204).end();
}

async function readZipBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= PACKAGE_LIMITS.zipBytes) chunks.push(chunk);
  }
  // Read to its end all the same: a client that still sends would not see the answer.
  if (size > PACKAGE_LIMITS.zipBytes) {
    throw new HttpError(
      413,
      'TooLarge',
      `a package has at most ${PACKAGE_LIMITS.zipBytes} bytes, not ${size}`,
    );
  }
  return Buffer.concat(chunks);
}

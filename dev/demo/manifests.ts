import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HOST_NAME } from '../environment/docker/docker-gateway.ts';

export interface ManifestOptions {
  /** The example as it is in the checkout. */
  example: string;
  /** Where an adapted copy may be made. */
  copy: string;
  modelPort: number;
  gitPort: number;
  /** Whether the Model is the real service. */
  realModel: boolean;
}

/** The ports that the example's manifests name. */
export const EXAMPLE_PORTS = { model: 8090, git: 9418 };

/** The folder to apply: the example itself, or a copy that names other ports or the real model. */
export async function manifestFolder(options: ManifestOptions): Promise<string> {
  const { example, copy, modelPort, gitPort, realModel } = options;
  if (modelPort === EXAMPLE_PORTS.model && gitPort === EXAMPLE_PORTS.git && !realModel) return example;
  for (const name of (await readdir(example)).filter((file) => file.endsWith('.yaml'))) {
    const text = (await readFile(path.join(example, name), 'utf8'))
      .replace(`${HOST_NAME}:${EXAMPLE_PORTS.model}`, `${HOST_NAME}:${modelPort}`)
      .replace(`${HOST_NAME}:${EXAMPLE_PORTS.git}`, `${HOST_NAME}:${gitPort}`);
    await writeFile(path.join(copy, name), text);
  }
  if (realModel) {
    await rm(path.join(copy, '01-model.yaml'));
    await cp(path.join(example, 'with-a-key/model.yaml'), path.join(copy, '01-model.yaml'));
  }
  return copy;
}

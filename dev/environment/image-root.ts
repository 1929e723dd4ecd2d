import { hash } from 'node:crypto';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dockerClient } from './docker/docker.ts';

/** The places of overlay2 in the data folder of an engine (moby layer/filestore.go, image/fs.go, reference/store.go). */
const LAYERS = 'image/overlay2/layerdb/sha256';
const IMAGES = 'image/overlay2/imagedb';
const NAMES = 'image/overlay2/repositories.json';

interface ImageFacts {
  Id: string;
  GraphDriver: { Name: string; Data: { LowerDir?: string; UpperDir: string } };
  RootFS: { Layers: string[] };
}

/**
 * Makes the data folder of another engine on this machine that has one image of the engine at `host`, without a copy of its
 * files: engines only read the layers of an image, so the folder has links to them. To save and load it would take a
 * minute for each engine.
 * @throws Error when the other engine does not keep its layers in folders of this machine
 */
export async function imageRoot(
  folder: string,
  { host, image }: { host: string; image: string },
): Promise<void> {
  const client = dockerClient(host);
  const { DockerRootDir: root } = (await client.info()) as { DockerRootDir: string };
  const facts = (await client.getImage(image).inspect()) as unknown as ImageFacts;
  const { Name, Data } = facts.GraphDriver;
  if (Name !== 'overlay2') throw new Error(`the engine keeps its images by ${Name}, not by overlay2`);
  const [algorithm = '', id = ''] = facts.Id.split(':');
  for (const part of ['overlay2/l', LAYERS, `${IMAGES}/content/${algorithm}`])
    await mkdir(path.join(folder, part), { recursive: true, mode: 0o711 });
  for (const diff of [Data.UpperDir, ...(Data.LowerDir?.split(':') ?? [])]) {
    const layer = path.dirname(diff);
    const name = path.basename(layer);
    await symlink(layer, path.join(folder, 'overlay2', name));
    const short = await readFile(path.join(layer, 'link'), 'utf8');
    await symlink(`../${name}/diff`, path.join(folder, 'overlay2/l', short));
  }
  for (const chain of chainIDs(facts.RootFS.Layers)) {
    const place = path.join(LAYERS, chain.replace('sha256:', ''));
    await cp(path.join(root, place), path.join(folder, place), { recursive: true });
  }
  const content = path.join(IMAGES, 'content', algorithm, id);
  await cp(path.join(root, content), path.join(folder, content));
  const [repository = image, tag = 'latest'] = image.split(':');
  const names = { Repositories: { [repository]: { [`${repository}:${tag}`]: facts.Id } } };
  await writeFile(path.join(folder, NAMES), JSON.stringify(names));
}

/** The ids of the layers by all that is below them (OCI image specification, "Layer ChainID"). */
function chainIDs(layers: readonly string[]): string[] {
  const chains: string[] = [];
  for (const diff of layers) {
    const below = chains.at(-1);
    chains.push(below === undefined ? diff : `sha256:${hash('sha256', `${below} ${diff}`)}`);
  }
  return chains;
}

import { buildServerImage } from '#release/image';
import { docker } from './environment/docker/docker.ts';
import { installForImages } from './environment/docker/sandbox-image.ts';

/** `make server-image`: builds the image of the server in the Docker engine that demo and tests use. */
try {
  await using engine = await docker();
  await installForImages();
  const tag = await buildServerImage({ dockerHost: engine.host, log: (line) => console.log(line) });
  console.log(`built ${tag}`);
  if (engine.private)
    console.log('no Docker engine was running: the image is in a private one, which only demo and test use');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

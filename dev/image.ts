import { docker } from './environment/docker/docker.ts';
import { buildSandboxImage } from './environment/docker/sandbox-image.ts';
import { interruption } from './interruption.ts';

/** `make image`: builds the image of the sandboxes in the Docker engine that demo and tests use. */
const interrupted = interruption();
try {
  await using engine = await docker();
  await buildSandboxImage(engine, interrupted);
  if (engine.private) {
    console.log('no Docker engine was running: the image is in a private one, which only demo and test use');
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { ignoreNotFound, isStatusError } from '#api/machinery/status-error';
import type { EngineCall } from '../engine-connection.ts';

/** Folder of the runner in every sandbox; its programs name it as the place of their loader and libraries. */
export const RUNNER_FOLDER = '/opt/troupe';
/** On volume and container: nothing else is looked at when old ones are removed. */
const LABEL = 'io.troupe.runner';
const LOOK_MS = 200;
/** Another version of Troupe may share the engine; it fills its own again where it has to. They have a gigabyte each. */
const KEPT_MS = 60 * 60_000;

export interface RunnerVolumeOptions {
  call: EngineCall;
  /** The runner's own image. */
  image: { name: string; id: string };
  clock: Clock;
  logger: Logger;
}

/**
 * The name of a volume that holds the runner and its programs, filled from the runner's own image when it is not there.
 * All executors of an engine with the same image share one. The engine fills it while it creates a container, which is
 * never started and stays: only a container that is there says that the engine came to the end of filling.
 */
export async function ensureRunnerVolume(options: RunnerVolumeOptions, signal: AbortSignal): Promise<string> {
  const { call, image, clock } = options;
  const name = `troupe-runner-${image.id.replace(/^sha256:/, '').slice(0, 12)}`;
  if (await isThere(call, name)) return name;
  // It is left of a filling that the engine did not survive. In use it is whole: runners started from it.
  const removing = ignoreNotFound(call((docker) => docker.getVolume(name).remove()));
  await removing.catch((error: unknown) => {
    if (!isStatusError(error, 'Conflict')) throw error;
  });
  try {
    await call((docker) => docker.createContainer(filling(image.name, name)));
  } catch (error) {
    if (!isStatusError(error, 'Conflict')) throw error;
    // Another executor is filling it.
    while (!(await isThere(call, name))) await sleep(clock, LOOK_MS, signal);
  }
  await removeOlder(options, name);
  return name;
}

async function isThere(call: EngineCall, name: string): Promise<boolean> {
  const found = await ignoreNotFound(call((docker) => docker.getContainer(name).inspect()));
  return found !== undefined;
}

function filling(image: string, name: string) {
  return {
    name,
    Image: image,
    Labels: { [LABEL]: name },
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [
        {
          Type: 'volume' as const,
          Source: name,
          Target: RUNNER_FOLDER,
          VolumeOptions: {
            NoCopy: false,
            Labels: { [LABEL]: name },
            DriverConfig: { Name: 'local', Options: {} },
          },
        },
      ],
    },
  };
}

/** Those of other versions that nobody uses; never fails. */
async function removeOlder({ call, clock, logger }: RunnerVolumeOptions, current: string): Promise<void> {
  try {
    const filters = JSON.stringify({ label: [LABEL] });
    const containers = await call((docker) => docker.listContainers({ all: true, filters }));
    const isOld = (created: number): boolean => clock.now() - created * 1000 > KEPT_MS;
    for (const { Id, Names, Created } of containers) {
      const name = (Names[0] ?? '').slice(1);
      if (name === current || !isOld(Created)) continue;
      await ignoreNotFound(call((docker) => docker.getContainer(Id).remove()));
      await ignoreNotFound(call((docker) => docker.getVolume(name).remove()));
    }
  } catch (error) {
    // In use, or the engine is away: the next version's turn.
    logger.debug('an older runner volume is not removed', { cause: describeError(error) });
  }
}

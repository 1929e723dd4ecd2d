/** The environment for a Docker command: ours, with another engine when one is named. */
export function dockerEnvironment(options: {
  host?: string | undefined;
  buildKit: boolean;
}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...(options.host === undefined ? {} : { DOCKER_HOST: options.host }),
    DOCKER_BUILDKIT: options.buildKit ? '1' : '0',
  };
}

/** Environment of the runner process; nothing secret in it. */
export const RUNNER_ENV = {
  /** Port to listen on inside the runtime. */
  port: 'TROUPE_RUNNER_PORT',
  /** Address to listen on. */
  host: 'TROUPE_RUNNER_HOST',
  /** SHA-256 (hex) of the token: reading the environment does not give the token away. */
  tokenHash: 'TROUPE_RUNNER_TOKEN_SHA256',
  /** Folder of the runtime's workspace: the repository is cloned to WORKSPACE/repo. */
  workspace: 'TROUPE_RUNNER_WORKSPACE',
  /** Folder for the runner's own files (events, home of the agent); goes with the runtime. */
  state: 'TROUPE_RUNNER_STATE',
  /** A JSON object: the variables that somebody's own image declares, for agents in it; or IMAGE_ENVIRONMENT_IS_OWN. */
  imageEnvironment: 'TROUPE_RUNNER_IMAGE_ENVIRONMENT',
  /** How many runs a shared runner may hold; absent for a runner with a workspace. */
  conversations: 'TROUPE_RUNNER_CONVERSATIONS',
  /** The addresses that a shared runner may call beside public ones: RunnerAddresses as JSON. */
  addresses: 'TROUPE_RUNNER_ADDRESSES',
} as const;

/** The image's variables are among those of the runner's own process: an engine that starts it does not tell them. */
export const IMAGE_ENVIRONMENT_IS_OWN = 'own';

/** The administrator's rules for addresses that users give. */
export interface RunnerAddresses {
  /** Entries of TROUPE_ALLOWED_ADDRESSES. */
  allow: readonly string[];
  /** Where the control plane listens. */
  controlPlane: readonly { host: string; port: number }[];
}

/**
 * File descriptor on which a shared runner says which port it has got, as a line, and then closes. Its standard input
 * belongs to the manager: when that ends, the runner keeps the runs that it has, and ends with the last of them.
 */
export const SHARED_RUNNER_PORT_FD = 3;

/** Port the runner listens on inside a container. */
export const RUNNER_CONTAINER_PORT = 8080;

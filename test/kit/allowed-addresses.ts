/** Models and tool servers of tests are on this machine; containers know it by the second name. */
export const ALLOWED_ADDRESSES = 'localhost, host.docker.internal';

import { environment } from '#dev/environment/environment';

/**
 * Vitest's global set-up of the projects that need everything. Test files read DOCKER_HOST, EXECUTOR_IMAGE,
 * TROUPE_TEST_DATABASE_URL, TROUPE_TEST_MYSQL_URL and TROUPE_TEST_REDIS_URL; a second project finds them set and starts nothing.
 */
export default async function engines(): Promise<() => Promise<void>> {
  const provided = await environment(['git', 'kubectl', 'redis', 'mariadb', 'mysql', 'docker', 'image']);
  Object.assign(process.env, provided.variables);
  return async () => {
    await provided[Symbol.asyncDispose]();
  };
}

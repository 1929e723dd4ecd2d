import { environment } from '#dev/environment/environment';

/**
 * Vitest's global set-up of the conformance tests. Test files read TROUPE_TEST_DATABASE_URL, TROUPE_TEST_MYSQL_URL,
 * TROUPE_TEST_REDIS_URL and TROUPE_TEST_STOCK_KUBECTL, and ask the builder of Go programs.
 */
export default async function databases(): Promise<() => Promise<void>> {
  const provided = await environment(['kubectl', 'redis', 'mariadb', 'mysql', 'go']);
  Object.assign(process.env, provided.variables);
  return async () => {
    await provided[Symbol.asyncDispose]();
  };
}

import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { go, GO_IS_MISSING } from './go.ts';
import { GoPrograms } from './go-programs.ts';

/** Names the builder of this run to test files, which run in processes of their own. */
export const GO_BUILDS_VARIABLE = 'TROUPE_TEST_GO_BUILDS';
/** Says that Go is missing, so that tests which need it are skipped. */
export const WITHOUT_GO_VARIABLE = 'TROUPE_WITHOUT_GO';

/** One builder of Go programs for several processes. */
export interface GoBuilds extends AsyncDisposable {
  /** The variables by which a child process finds it, or knows that there is no Go. */
  readonly variables: Readonly<Record<string, string>>;
  /** Begins to build all programs, in the background. */
  prepare(): Promise<void>;
}

/** The builder that the environment names, else a new one; where Go is missing, one that says so. */
export async function goBuilds(): Promise<GoBuilds> {
  const named = [GO_BUILDS_VARIABLE, WITHOUT_GO_VARIABLE].filter((name) => process.env[name] !== undefined);
  if (named.length > 0) return { variables: {}, async prepare() {}, async [Symbol.asyncDispose]() {} };
  if ((await go()) === undefined) {
    console.log(GO_IS_MISSING);
    const variables = { [WITHOUT_GO_VARIABLE]: 'true' };
    return { variables, async prepare() {}, async [Symbol.asyncDispose]() {} };
  }
  const programs = new GoPrograms();
  const server = createServer((request, response) => {
    const answer = (status: number, body: string): void => void response.writeHead(status).end(body);
    programs.path(request.url?.slice(1) ?? '').then(
      (built) => answer(200, built),
      (error: unknown) => answer(500, String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    variables: { [GO_BUILDS_VARIABLE]: `http://127.0.0.1:${port}` },
    prepare: () => programs.prepare(),
    async [Symbol.asyncDispose]() {
      await programs[Symbol.asyncDispose]();
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * Asks the builder of this run for a program; resolves with its path when it is built, however long that takes. Rejects
 * with what the compiler said.
 */
export async function builtProgram(name: string): Promise<string> {
  const builder = process.env[GO_BUILDS_VARIABLE];
  if (builder === undefined)
    throw new Error(`${GO_BUILDS_VARIABLE} is not set; the set-up of the tests sets it`);
  const request = get(`${builder}/${name}`);
  const [response] = await once(request, 'response');
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(body);
  return body;
}

import { cp, glob, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';
import { isShown, readmeSession, shownCommands } from '../kit/readme-session.ts';
import { startServer } from '../kit/troupe-process.ts';
import type { TroupeServer } from '../kit/troupe-process.ts';

/**
 * Each example whose README shows a session (blocks `console`): its commands, in order, print what stands there. They run
 * on a copy of the examples, with a model of ours and ports that are free in place of those that people use.
 */
const EXAMPLES = path.join(ROOT, 'examples');
/** Played by test/e2e/demo.test.ts: it needs a repository. */
const OF_THE_DEMO = 'quickstart';

const stack = new AsyncDisposableStack();
const names: string[] = [];
for await (const file of glob('*/README.md', { cwd: EXAMPLES, exclude: [`${OF_THE_DEMO}/**`] }))
  if (/^```console$/m.test(await readFile(path.join(EXAMPLES, file), 'utf8'))) names.push(path.dirname(file));

let server: TroupeServer;
let commands: Commands;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('sessions')).path;
  server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
});
afterEach(() => commands.mustKubectl(['delete', 'tasks', '--all', '--timeout=60s']));
afterAll(() => stack.disposeAsync());

describe('the session that the README shows of', () => {
  it.each(names.toSorted())('examples/%s', async (name) => {
    await using folder = await temporaryFolder('session');
    const script = await readFile(path.join(EXAMPLES, name, 'model/script.yaml'), 'utf8');
    await using model = await modelService(script);
    const copy = path.join(folder.path, 'examples', name);
    await cp(path.join(EXAMPLES, name), copy, { recursive: true });
    await withOtherAddresses(copy, model.url);
    await using session = readmeSession({ cwd: folder.path, kubeconfig: server.kubeconfig });
    for (const { command, output } of shownCommands(await readFile(path.join(copy, 'README.md'), 'utf8'))) {
      const printed = await session.run(command);
      if (!isShown(output, printed)) expect(printed, `$ ${command}`).toBe(output.join('\n'));
    }
  });
});

/** The model is on port 8090 in all examples, what else they start on those up to 8099. */
async function withOtherAddresses(folder: string, modelURL: string): Promise<void> {
  const ports = new Map<string, string>();
  for await (const file of glob('**/*.*', { cwd: folder })) {
    const text = await readFile(path.join(folder, file), 'utf8');
    for (const [port] of text.matchAll(/\b809[1-9]\b/g))
      if (!ports.has(port)) ports.set(port, `${await freePort()}`);
    const changed = text
      .replaceAll('http://host.docker.internal:8090', modelURL)
      .replaceAll(/\b809[1-9]\b/g, (port) => ports.get(port) ?? port);
    await writeFile(path.join(folder, file), changed);
  }
}

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { mustRun } from '../../kit/command.ts';
import type { ProxyTarget } from '../../kit/recording-proxy.ts';
import { startServer } from '../../kit/troupe-process.ts';
import type { TroupeServer } from '../../kit/troupe-process.ts';
import { differences } from './differences.ts';
import { play } from './play.ts';
import { scenarios } from './scenarios.ts';
import type { Outcome } from './step.ts';

/**
 * Every command of the scenarios does with Troupe what it did with a real kube-apiserver (recorded/, see record.ts):
 * the same exit code, the same output, the same requests with the same answers.
 */
async function recorded(name: string): Promise<Outcome[]> {
  return JSON.parse(
    await readFile(path.join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8'),
  ) as Outcome[];
}

const recordings = new Map(
  await Promise.all(scenarios.map(async ({ name }) => [name, await recorded(name)] as const)),
);

/** Declares the tests of one build of kubectl, which get a server of their own. */
export function describeBuild(name: string, kubectl: string): void {
  describe(name, () => {
    let folder: TemporaryFolder;
    let server: TroupeServer;
    let target: ProxyTarget;

    beforeAll(async () => {
      folder = await temporaryFolder('kubectl-conformance');
      server = await startServer({ dataDir: folder.path });
      target = {
        url: server.url,
        caCertificate: await readFile(path.join(folder.path, 'pki', 'ca.crt'), 'utf8'),
        token: (await readFile(path.join(folder.path, 'token'), 'utf8')).trim(),
      };
    });

    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    it('is there', async () => {
      expect(await mustRun(kubectl, ['version', '--client'])).toContain('Client Version: v1.');
    });

    describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
      '%s',
      (scenarioName, scenario) => {
        let outcomes: Outcome[] = [];

        beforeAll(async () => {
          outcomes = await play(scenario, kubectl, target);
        });

        it.each(
          (recordings.get(scenarioName) ?? []).map((wanted, i) => [i, wanted.command, wanted] as const),
        )('%i: kubectl %s', (i, command, wanted) => {
          const got = outcomes[i];
          const difference = differences.find(
            (one) => one.scenario === scenarioName && one.command === command,
          );
          if (difference === undefined) expect(got).toEqual(wanted);
          else expect(got?.code, difference.why).toBe(wanted.code);
        });
      },
    );
  });
}

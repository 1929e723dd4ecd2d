import { existsSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { go } from './go.ts';
import { runProgram } from './program.ts';

/** Version 3 merges on the client's side; version 4 applies on the server's. */
const MODULES = {
  3: { module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0' },
  4: { module: 'helm.sh/helm/v4/cmd/helm', version: 'v4.3.1' },
} as const;

/** The path of Helm, built from its sources into `.cache/` once; undefined when Go is missing. */
export async function helm(major: keyof typeof MODULES): Promise<string | undefined> {
  const { module, version } = MODULES[major];
  const command = process.env['TROUPE_WITHOUT_GO'] === undefined ? await go() : undefined;
  if (command === undefined) return undefined;
  const folder = cacheFolder('helm', version);
  const built = path.join(folder, 'helm');
  if (!existsSync(built)) {
    console.log(`building Helm ${version} into .cache/`);
    await runProgram(command, ['install', `${module}@${version}`], {
      env: { ...process.env, GOBIN: folder },
    });
  }
  return built;
}

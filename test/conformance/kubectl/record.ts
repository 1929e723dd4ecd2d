import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { play } from './play.ts';
import { scenarios } from './scenarios.ts';

/**
 * Writes down what a real kube-apiserver (with kube-controller-manager) answers to the scenarios, as recorded/*.json:
 * `node test/conformance/kubectl/record.ts URL CA-FILE TOKEN KUBECTL [SCENARIO...]`. The server must be new: the
 * scenarios define kinds of their own.
 */
const [url = '', caFile = '', token = '', kubectl = 'kubectl', ...only] = process.argv.slice(2);
const target = { url, token, caCertificate: caFile === '' ? '' : await readFile(caFile, 'utf8') };
const folder = path.join(import.meta.dirname, 'recorded');
await mkdir(folder, { recursive: true });
for (const scenario of scenarios) {
  if (only.length > 0 && !only.includes(scenario.name)) continue;
  const outcomes = await play(scenario, kubectl, target);
  await writeFile(path.join(folder, `${scenario.name}.json`), `${JSON.stringify(outcomes, null, 1)}\n`);
  console.log(`${scenario.name}: ${outcomes.length} commands`);
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BundledPackage } from './bundled-package.ts';

/** CycloneDX 1.5, as far as it is touched here. */
interface BillOfMaterials {
  serialNumber?: string;
  metadata: { timestamp?: string; component: { name: string; 'bom-ref': string; properties?: unknown } };
  components: { name: string; version: string; 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const call = promisify(execFile);

/**
 * A CycloneDX document of the packages given: npm knows of all that could be installed, with licences and hashes, and
 * the bundler knows what is there. It holds no time and no random number, so the same code gives the same bytes.
 *
 * @throws Error when npm does not know one of the packages
 */
export async function billOfMaterials(root: string, packages: readonly BundledPackage[]): Promise<string> {
  const { stdout } = await call('npm', ['sbom', '--sbom-format=cyclonedx'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const bill = JSON.parse(stdout) as BillOfMaterials;
  const wanted = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const itself = bill.metadata.component;
  bill.components = bill.components.filter(({ name, version }) => wanted.has(`${name}@${version}`));
  const known = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
  const unknown = [...wanted].filter((one) => !known.has(one));
  if (unknown.length > 0) throw new Error(`npm sbom does not know ${unknown.join(', ')}`);
  const refs = new Set([itself['bom-ref'], ...bill.components.map((one) => one['bom-ref'])]);
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  // npm calls it by the name of the folder.
  itself.name = 'troupe';
  delete itself.properties;
  delete bill.serialNumber;
  delete bill.metadata.timestamp;
  return `${JSON.stringify(bill, null, 2)}\n`;
}

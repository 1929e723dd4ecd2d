import type { Command } from 'commander';
import type { CliContext } from '../../context.ts';
import { discover, printedKind, resourceOfKind } from '../../api-resource.ts';
import type { ApiResource } from '../../api-resource.ts';
import { applyObject } from '../../apply-object.ts';
import { CliError } from '../../error-text.ts';
import { readManifests } from '../../manifests.ts';
import type { Manifest } from '../../manifests.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';

interface ApplyFlags extends ConnectionFlags {
  filename: string[];
  recursive?: boolean;
  dryRun?: string;
}

/** `troupe apply`: makes the objects of manifests exist as written. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('apply')
    .description('create or update objects from manifests')
    .requiredOption('-f, --filename <path...>', 'file, folder or - for standard input')
    .option('-R, --recursive', 'folders within folders too')
    .option('--dry-run <strategy>', '`server` checks everything and stores nothing');
  addConnectionFlags(command).action((flags: ApplyFlags) =>
    withSession(context, flags, (session) => apply(session, flags)),
  );
}

async function apply(session: Session, flags: ApplyFlags): Promise<void> {
  if (flags.dryRun !== undefined && !['server', 'none'].includes(flags.dryRun)) {
    throw new CliError(`--dry-run is server or none, not ${JSON.stringify(flags.dryRun)}`);
  }
  const manifests = await readManifests({
    files: flags.filename,
    recursive: flags.recursive === true,
    stdin: session.context.stdin,
  });
  if (manifests.length === 0) throw new CliError('no objects passed to apply');
  const resources = await discover(session.connection.transport);
  for (const manifest of manifests) {
    try {
      if ('error' in manifest) throw manifest.error;
      await applyOne(session, { manifest, resources, dryRun: flags.dryRun === 'server' });
    } catch (error) {
      const source =
        'error' in manifest ? undefined : `error when applying ${JSON.stringify(manifest.source)}`;
      session.fail(error, error instanceof CliError ? undefined : source);
    }
  }
}

async function applyOne(
  session: Session,
  options: { manifest: Manifest; resources: readonly ApiResource[]; dryRun: boolean },
): Promise<void> {
  const { object, resource } = locate(session, options.manifest, options.resources);
  const outcome = await applyObject(session.connection.transport, {
    object,
    resource,
    dryRun: options.dryRun,
  });
  const note = options.dryRun ? ' (server dry run)' : '';
  session.print(`${printedKind(resource)}/${outcome.name} ${outcome.change}${note}`);
}

/** The resource of a manifest, and the manifest with its namespace settled. @throws CliError */
export function locate(session: Session, manifest: Manifest, resources: readonly ApiResource[]) {
  const { object, source } = manifest;
  const { name, namespace } = object.metadata;
  const resource = resourceOfKind(resources, object);
  if (resource === undefined) {
    throw new CliError(
      `resource mapping not found for name: ${JSON.stringify(name)} from ${JSON.stringify(source)}: ` +
        `no matches for kind ${JSON.stringify(object.kind)} in version ${JSON.stringify(object.apiVersion)}`,
    );
  }
  if (typeof name !== 'string' || name === '') {
    throw new CliError(`error when reading ${JSON.stringify(source)}: metadata.name is not set`);
  }
  if (!resource.namespaced) return { resource, object };
  if (session.namespaceGiven && namespace !== undefined && namespace !== session.namespace) {
    throw new CliError(
      `the namespace from the provided object ${JSON.stringify(namespace)} does not match the namespace ` +
        `${JSON.stringify(session.namespace)}. You must pass '--namespace=${namespace}' to perform this operation.`,
    );
  }
  const metadata = { ...object.metadata, namespace: namespace ?? session.namespace };
  return { resource, object: { ...object, metadata } };
}

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { resourcePath } from '#api/client/resource-path';
import { isStatusError } from '#api/machinery/status-error';
import { discover, printedKind } from '../../api-resource.ts';
import type { CliContext } from '../../context.ts';
import { parseDuration } from '../../duration.ts';
import { CliError } from '../../error-text.ts';
import { readManifests } from '../../manifests.ts';
import { namedObjects } from '../../object-set.ts';
import type { NamedObject, Selection } from '../../object-set.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { waitUntil } from '../../wait-until.ts';
import { locate } from './apply.ts';

interface DeleteFlags extends ConnectionFlags, Selection {
  filename?: string[];
  recursive?: boolean;
  all?: boolean;
  wait: boolean;
  timeout: number;
  ignoreNotFound?: boolean;
}

/** `troupe delete`: removes objects and waits until they are gone. */
export function register(program: Command, context: CliContext): void {
  const command = program
    .command('delete')
    .description('delete objects')
    .argument('[type]', 'tasks, task/NAME ...')
    .argument('[name...]')
    .option('-f, --filename <path...>', 'the objects of these manifests')
    .option('-R, --recursive', 'folders within folders too')
    .option('-l, --selector <labels>', 'those with these labels')
    .option('-A, --all-namespaces', 'with --all or -l: of all namespaces')
    .option('--all', 'all of the type')
    .option('--ignore-not-found', 'an object that does not exist is no failure')
    .option('--wait [boolean]', 'wait until they are gone', parseBoolean, true)
    .option('--no-wait', 'do not')
    .option('--timeout <duration>', 'how long to wait for each; 0 for as long as it takes', parseDuration, 0);
  addConnectionFlags(command).action((type: string | undefined, names: string[], flags: DeleteFlags) =>
    withSession(context, flags, (session) =>
      deleteAll(session, type === undefined ? [] : [type, ...names], flags),
    ),
  );
}

function parseBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('expected true or false');
  return text === 'true';
}

async function deleteAll(session: Session, words: string[], flags: DeleteFlags): Promise<void> {
  const objects =
    flags.filename === undefined
      ? await namedObjects(session, words, flags)
      : await manifestObjects(session, flags.filename, flags.recursive === true);
  const gone: { object: NamedObject; uid: string | undefined }[] = [];
  for (const object of objects) {
    try {
      const uid = await deleteOne(session, object);
      session.print(`${printedKind(object.resource)} ${JSON.stringify(object.ref.name)} deleted`);
      gone.push({ object, uid });
    } catch (error) {
      if (!(flags.ignoreNotFound === true && isStatusError(error, 'NotFound'))) session.fail(error);
    }
  }
  if (objects.length === 0 && flags.filename === undefined) session.print('No resources found');
  if (flags.wait) for (const { object, uid } of gone) await waitGone(session, object, { uid, flags });
}

async function manifestObjects(
  session: Session,
  files: string[],
  recursive: boolean,
): Promise<NamedObject[]> {
  const manifests = await readManifests({ files, recursive, stdin: session.context.stdin });
  const resources = await discover(session.connection.transport);
  const objects: NamedObject[] = [];
  for (const manifest of manifests) {
    try {
      if ('error' in manifest) throw manifest.error;
      const { resource, object } = locate(session, manifest, resources);
      const { name, namespace } = object.metadata;
      objects.push({ resource, ref: namespace === undefined ? { name } : { namespace, name } });
    } catch (error) {
      session.fail(error);
    }
  }
  return objects;
}

/** Returns the uid, which tells the object from one that is made anew under its name while we wait. */
async function deleteOne(session: Session, { resource, ref }: NamedObject): Promise<string | undefined> {
  const answer = await session.connection.transport.send({
    method: 'DELETE',
    path: resourcePath(resource, ref),
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
  });
  // A Status when it is gone, the object itself while finalizers keep it.
  const body = JSON.parse(answer.text) as { metadata?: { uid?: string }; details?: { uid?: string } };
  return body.details?.uid ?? body.metadata?.uid;
}

async function waitGone(
  session: Session,
  object: NamedObject,
  options: { uid: string | undefined; flags: DeleteFlags },
): Promise<void> {
  const { timeout } = options.flags;
  const gone = await waitUntil(session, {
    object,
    until: (now) => now === undefined || now.metadata.uid !== options.uid,
    timeoutMs: timeout === 0 ? -1 : timeout,
  });
  if (!gone) {
    session.fail(
      new CliError(`timed out waiting for the condition on ${object.resource.plural}/${object.ref.name}`),
    );
  }
}

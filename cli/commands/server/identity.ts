import type { Command } from 'commander';
import { stringify } from 'yaml';
import { isStatusError } from '#api/machinery/status-error';
import type { NewKeyMaterial } from '#api/new-key-material';
import type { CliContext } from '../../context.ts';
import { CliError, errorText } from '../../error-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';

interface CreateFlags extends ConnectionFlags {
  output?: string;
}

/** `troupe identity`: the key material that all replicas of a service share, as a Secret of a cluster. */
export function register(program: Command, context: CliContext): void {
  const create = program
    .command('identity')
    .description('the key material that makes several servers one service')
    .command('create')
    .description('make it as a Secret of the cluster that the kubeconfig, or the Pod, is of')
    .argument('<secret>', 'name of the Secret; one that is there gets the keys that it lacks')
    .option('-o, --output <format>', 'yaml: print the Secret, and ask no cluster');
  addConnectionFlags(create).action((name: string, flags: CreateFlags) => run(context, name, flags));
}

async function run(context: CliContext, name: string, flags: CreateFlags): Promise<void> {
  if (flags.output === undefined) {
    await withSession(context, flags, (session) => createSecret(session, name));
    return;
  }
  if (flags.output !== 'yaml') {
    context.setExitCode(1);
    context.stderr.write(`${errorText(new CliError('unknown output format, expected yaml'))}\n`);
    return;
  }
  const { namespace } = flags;
  context.data.write(stringify(secretOf({ name, namespace }, await make(context))));
}

async function make({ clock }: CliContext): Promise<NewKeyMaterial> {
  // Loaded here, not above: other commands must not pay for it.
  const { newKeyMaterial } = await import('#api/new-key-material');
  return newKeyMaterial(clock.now());
}

interface SecretPlace {
  name: string;
  namespace: string | undefined;
}

interface Secret {
  metadata: { name: string; resourceVersion?: string };
  data?: Record<string, string>;
}

function secretOf({ name, namespace }: SecretPlace, material: NewKeyMaterial) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    type: 'Opaque',
    data: encoded(material),
  };
}

const encoded = (material: NewKeyMaterial): Record<string, string> =>
  Object.fromEntries(
    Object.entries(material).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );

/** A Secret that is there is never given other keys than it has: that would be another service. */
async function createSecret(session: Session, name: string): Promise<void> {
  const { context, connection, namespace, print } = session;
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
  const material = await make(context);
  try {
    const body = secretOf({ name, namespace }, material);
    await connection.transport.send({ method: 'POST', path: collection, body });
    print(`secret/${name} created`);
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    print(`secret/${name} ${await complete(session, `${collection}/${encodeURIComponent(name)}`, material)}`);
  }
}

async function complete(
  { connection: { transport } }: Session,
  path: string,
  material: NewKeyMaterial,
): Promise<'completed' | 'unchanged'> {
  const { text } = await transport.send({ method: 'GET', path });
  const { metadata, data = {} } = JSON.parse(text) as Secret;
  if ((data['ca.crt'] === undefined) !== (data['ca.key'] === undefined)) {
    throw new CliError(
      `secret ${metadata.name} has only one of ca.crt and ca.key: put the other one back, or remove both`,
    );
  }
  const missing = Object.entries(encoded(material)).filter(([key]) => data[key] === undefined);
  if (missing.length === 0) return 'unchanged';
  const { resourceVersion } = metadata;
  const body = { metadata: { resourceVersion }, data: Object.fromEntries(missing) };
  await transport.send({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
  return 'completed';
}

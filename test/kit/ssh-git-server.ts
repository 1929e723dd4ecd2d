import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerChannel } from 'ssh2';

export interface SSHGitServer extends AsyncDisposable {
  /** ssh://git@127.0.0.1:PORT/project.git */
  readonly url: string;
  /** The line of known_hosts for it. */
  readonly knownHosts: string;
  /** A key that it takes, and one that it does not, as OpenSSH writes them. */
  readonly key: string;
  readonly otherKey: string;
}

/** The repository in `folder`, over ssh, for whoever has the key. */
export async function sshGitServer(folder: string): Promise<SSHGitServer> {
  const [host, user, other] = [newKey(), newKey(), newKey()];
  const server = new ssh2.Server({ hostKeys: [host.private] }, (client) => {
    // A client that goes away in the middle is what a refused key looks like from here.
    client.on('error', () => undefined);
    client.on('authentication', (context) => authenticate(context, user.public));
    client.on('ready', () => serve(client, folder));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `ssh://git@127.0.0.1:${port}/project.git`,
    knownHosts: `[127.0.0.1]:${port} ${host.public}`,
    key: user.private,
    otherKey: other.private,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Of ssh2, which now and then writes a private key that it cannot read itself. */
function newKey(): ReturnType<typeof ssh2.utils.generateKeyPairSync> {
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(key.private) instanceof Error)) return key;
  }
}

function authenticate(context: AuthContext, publicKey: string): void {
  if (context.method !== 'publickey') return context.reject(['publickey']);
  const wanted = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  if (context.key.data.equals(wanted)) context.accept();
  else context.reject();
}

function serve(client: Connection, folder: string): void {
  client.on('session', (accept) => {
    const session = accept();
    session.on('exec', (acceptExec, reject, { command }) => {
      if (/^git-upload-pack '\/project\.git'$/.test(command)) uploadPack(acceptExec(), folder);
      else reject();
    });
  });
}

function uploadPack(channel: ServerChannel, folder: string): void {
  const child = spawn('git', ['upload-pack', folder], { stdio: 'pipe' });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.once('close', (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { toPath } from '../flags/flag-values.ts';

/** How an executor manager becomes an Executor of an API server on another machine. */
export interface JoinFlags {
  /** URL of the API server. */
  join?: string;
  token?: string;
  tokenFile?: string;
  /** SHA-256 of the public key of the server's authority, hexadecimal digits. */
  caHash?: string;
  /** A file. */
  caCert?: string;
}

export function addJoinFlags(command: Command): Command {
  return command
    .option(
      '--join <url>',
      'become an Executor of the API server there; with a join token the first time, by itself from then on',
      parseServer,
    )
    .option('--token <token>', 'join token, as "troupe executor token create" shows it')
    .option('--token-file <file>', 'file that holds the join token', toPath)
    .option(
      '--ca-hash <hash>',
      "sha256:… of the public key of the server's authority; absent: an authority that this system trusts",
      parseHash,
    )
    .option('--ca-cert <file>', "the server's authority itself (PEM), in place of its hash", toPath);
}

function parseServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new InvalidArgumentError(
      'expected the URL of an API server, such as https://troupe.example.com:7443',
    );
  }
  return text.replace(/\/+$/, '');
}

function parseHash(text: string): string {
  const [, digits] = /^sha256:([0-9a-fA-F]{64})$/.exec(text.trim()) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('expected sha256: and 64 hexadecimal digits');
  return digits.toLowerCase();
}

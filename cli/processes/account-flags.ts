import { Option } from 'commander';
import type { Command } from 'commander';

/** How people get accounts of the server's own. */
export interface AccountFlags {
  registration?: 'approval' | 'closed' | 'mail';
}

export function addAccountFlags(command: Command): Command {
  return command.addOption(
    new Option(
      '--registration <mode>',
      'whether people make accounts for themselves: closed, approval (an administrator lets them in) or mail (closed)',
    ).choices(['closed', 'approval', 'mail']),
  );
}

/** What the flags say; what they leave out has its default. */
export function accountsOf({ registration }: AccountFlags) {
  return registration === undefined ? {} : { registration };
}

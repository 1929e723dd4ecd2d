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

/** The settings that the flags give; those that they leave out have their defaults. */
export function accountsOf({ registration }: AccountFlags) {
  return registration === undefined ? {} : { registration };
}

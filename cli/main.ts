import { Command, CommanderError } from 'commander';
import { VERSION } from '#api/machinery/version';
import { register as registerCredential } from './commands/logins/credential.ts';
import { register as registerKubeconfig } from './commands/logins/kubeconfig.ts';
import { register as registerLogin } from './commands/logins/login.ts';
import { register as registerLogout } from './commands/logins/logout.ts';
import { register as registerToken } from './commands/logins/token.ts';
import { register as registerUser } from './commands/logins/user.ts';
import { register as registerWebhook } from './commands/tasks/webhook.ts';
import { register as registerWhoami } from './commands/logins/whoami.ts';
import { register as registerAnswer } from './commands/tasks/answer.ts';
import { register as registerApprove } from './commands/approvals/approve.ts';
import { register as registerApply } from './commands/objects/apply.ts';
import { register as registerBackup } from './commands/server/backup.ts';
import { register as registerCancel } from './commands/tasks/cancel.ts';
import { register as registerDelete } from './commands/objects/delete.ts';
import { register as registerDeletedTasks } from './commands/tasks/deleted-tasks.ts';
import { register as registerDescribe } from './commands/objects/describe.ts';
import { register as registerDiff } from './commands/objects/diff.ts';
import { register as registerEncryption } from './commands/server/encryption.ts';
import { register as registerExecutor } from './commands/executors/executor.ts';
import { register as registerDrain } from './commands/executors/drain.ts';
import { register as registerFork } from './commands/tasks/fork.ts';
import { register as registerGet } from './commands/objects/get.ts';
import { register as registerGraph } from './commands/objects/graph.ts';
import { register as registerIdentity } from './commands/server/identity.ts';
import { register as registerInbox } from './commands/approvals/inbox.ts';
import { register as registerLogs } from './commands/tasks/logs.ts';
import { register as registerMessage } from './commands/tasks/message.ts';
import { register as registerReject } from './commands/approvals/reject.ts';
import { register as registerRestore } from './commands/server/restore.ts';
import { register as registerRetry } from './commands/tasks/retry.ts';
import { register as registerRollout } from './commands/objects/rollout.ts';
import { register as registerRun } from './commands/tasks/run.ts';
import { register as registerServiceAccountKeys } from './commands/server/service-account-keys.ts';
import { register as registerSignal } from './commands/tasks/signal.ts';
import { register as registerSkill } from './commands/objects/skill.ts';
import { register as registerUpgrade } from './commands/server/upgrade.ts';
import { register as registerWait } from './commands/objects/wait.ts';
import { register as registerCompletion } from './completion/completion.ts';
import { createCliContext } from './context.ts';
import { registerControllers, registerExecutorManager } from './processes/clients.ts';
import { registerModelServer } from './processes/model-server.ts';
import { registerApi, registerServer } from './processes/server.ts';
import { registerSync } from './processes/sync.ts';

/** The commands that talk to a server, or work on its files. */
const COMMANDS = [
  registerApply,
  registerDiff,
  registerGet,
  registerDescribe,
  registerDelete,
  registerLogs,
  registerGraph,
  registerDeletedTasks,
  registerSkill,
  registerWait,
  registerRun,
  registerRollout,
  registerInbox,
  registerApprove,
  registerReject,
  registerAnswer,
  registerMessage,
  registerRetry,
  registerFork,
  registerSignal,
  registerWebhook,
  registerCancel,
  registerBackup,
  registerRestore,
  registerUpgrade,
  registerEncryption,
  registerIdentity,
  registerLogin,
  registerLogout,
  registerWhoami,
  registerUser,
  registerToken,
  registerKubeconfig,
  registerCredential,
  registerExecutor,
  registerDrain,
  registerServiceAccountKeys,
  registerSync,
  registerCompletion,
];

/** The `troupe` command: one file per command; bin/troupe starts this file on Node 24. */
function createProgram(): Command {
  const program = new Command('troupe')
    .description('Teams of AI agents, described and run the Kubernetes way')
    .version(VERSION)
    .showHelpAfterError('(add --help for the flags)')
    .exitOverride();
  const context = createCliContext();
  for (const register of COMMANDS) {
    register(program, context);
  }
  for (const register of [
    registerServer,
    registerApi,
    registerControllers,
    registerExecutorManager,
    registerModelServer,
  ]) {
    register(program);
  }
  return program;
}

try {
  await createProgram().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed the help or what is wrong with the command line.
  process.exitCode = error.exitCode;
}

import { Command, CommanderError } from 'commander';
import { VERSION } from '#api/machinery/version';
import { register as registerCredential } from './commands/credential.ts';
import { register as registerKubeconfig } from './commands/kubeconfig.ts';
import { register as registerLogin } from './commands/login.ts';
import { register as registerLogout } from './commands/logout.ts';
import { register as registerToken } from './commands/token.ts';
import { register as registerUser } from './commands/user.ts';
import { register as registerWebhook } from './commands/webhook.ts';
import { register as registerWhoami } from './commands/whoami.ts';
import { register as registerAnswer } from './commands/answer.ts';
import { register as registerApprove } from './commands/approve.ts';
import { register as registerApply } from './commands/apply.ts';
import { register as registerBackup } from './commands/backup.ts';
import { register as registerCancel } from './commands/cancel.ts';
import { register as registerDelete } from './commands/delete.ts';
import { register as registerDeletedTasks } from './commands/deleted-tasks.ts';
import { register as registerDescribe } from './commands/describe.ts';
import { register as registerDiff } from './commands/diff.ts';
import { register as registerEncryption } from './commands/encryption.ts';
import { register as registerExecutor } from './commands/executor.ts';
import { register as registerDrain } from './commands/drain.ts';
import { register as registerGet } from './commands/get.ts';
import { register as registerGraph } from './commands/graph.ts';
import { register as registerInbox } from './commands/inbox.ts';
import { register as registerLogs } from './commands/logs.ts';
import { register as registerMessage } from './commands/message.ts';
import { register as registerReject } from './commands/reject.ts';
import { register as registerRestore } from './commands/restore.ts';
import { register as registerRetry } from './commands/retry.ts';
import { register as registerRollout } from './commands/rollout.ts';
import { register as registerRun } from './commands/run.ts';
import { register as registerServiceAccountKeys } from './commands/service-account-keys.ts';
import { register as registerSignal } from './commands/signal.ts';
import { register as registerSkill } from './commands/skill.ts';
import { register as registerWait } from './commands/wait.ts';
import { createCliContext } from './context.ts';
import { registerControllers, registerExecutorManager } from './processes/clients.ts';
import { registerModelServer } from './processes/model-server.ts';
import { registerApi, registerServer } from './processes/server.ts';

/** The `troupe` command: one file per command; bin/troupe starts this file on Node 24. */
function createProgram(): Command {
  const program = new Command('troupe')
    .description('Teams of AI agents, described and run the Kubernetes way')
    .version(VERSION)
    .showHelpAfterError('(add --help for the flags)')
    .exitOverride();
  const context = createCliContext();
  for (const register of [
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
    registerSignal,
    registerWebhook,
    registerCancel,
    registerBackup,
    registerRestore,
    registerEncryption,
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
  ]) {
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

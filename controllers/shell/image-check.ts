import { findCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import type { Shell } from '#api/types/generated/shell';
import { pullSecretsOf } from '#api/types/pull-secrets';
import type { ProbeFinding, ProbeSpec } from '#api/types/probe';
import { newCondition } from '#api/types/ready';
import {
  ShellCondition,
  ShellImageReason,
  ShellReason,
  shellNotReady,
  shellReady,
} from '#api/types/shells/shell';
import { shellTypeOf } from '#api/types/shells/shell-types';

/** An image that takes longer to say that it has a program would not be fit for an agent. */
const CHECK_SECONDS = 60;

/** The check of the Shell's own image; undefined when it names none. */
export function imageCheckOf(shell: Shell): ProbeSpec | undefined {
  const { spec } = shell;
  const { baseImage, command } = spec;
  const type = shellTypeOf(spec);
  if (baseImage === undefined || baseImage === '' || type === undefined) return undefined;
  const program = command?.[0];
  return {
    shell: { type, image: baseImage, ...pullSecretsOf(shell) },
    probe: { image: program === undefined ? {} : { program } },
    timeoutSeconds: CHECK_SECONDS,
  };
}

/** The condition ImageReady, from what was found now or, where nothing new was found, as it is. */
export function imageCondition(shell: Shell, finding: ProbeFinding | undefined): NewCondition | undefined {
  const type = ShellCondition.ImageReady;
  if (finding === undefined) return findCondition(shell.status?.conditions, type);
  switch (finding.state) {
    case 'answered': {
      const { ok, message } = finding.result;
      const reason = ok ? ShellImageReason.Checked : ShellImageReason.NotUsable;
      return newCondition(type, ok ? 'True' : 'False', { reason, message });
    }
    case 'refused':
      return newCondition(type, 'False', { reason: ShellImageReason.ErrImagePull, message: finding.message });
    case 'lost':
      return newCondition(type, 'Unknown', {
        reason: ShellImageReason.CheckFailed,
        message: finding.message,
      });
    case 'pending':
      return newCondition(type, 'Unknown', pendingText(finding));
  }
}

/** How far a pull is stands in the Sandbox; here it would be a write every moment, to all who watch the Shell. */
function pendingText({ reason, message }: { reason: string; message: string }) {
  return reason === 'Pulling' ? { reason, message: 'The image is being pulled.' } : { reason, message };
}

/** Whether the Shell can be used, for one whose spec is right: only an image that is known to be wrong keeps it back. */
export function readyWithImage(image: NewCondition | undefined): NewCondition {
  if (image === undefined || image.status === 'True') return shellReady();
  if (image.status === 'Unknown') return shellReady('The Shell can be used; its image was not checked yet.');
  return shellNotReady(ShellReason.ImageNotUsable, `spec.baseImage: ${image.message}`);
}

import type { NewCondition } from '#api/machinery/condition';
import { fieldsOf } from '#api/machinery/json/json';
import { credentialsOf } from '#api/types/credentials/credential';
import { changeShell } from '#api/types/credentials/shell-credentials';
import type { Shell } from '#api/types/generated/shell';
import { isImageReference } from '#api/types/image-reference';
import { ShellReason, shellNotReady, shellReady } from '#api/types/shells/shell';
import { SHELL_TYPES, shellTypeOf } from '#api/types/shells/shell-types';
import { optionProblem } from '#shell-options/shell-options';

export interface ShellPlan {
  condition: NewCondition;
  /** The program in force, whichever of the two spellings named it. */
  shellType: string | undefined;
}

/** `shellExists` answers for a name in the Shell's own namespace and in that of public Shells. */
export function planShell(shell: Shell, shellExists: (name: string) => boolean): ShellPlan {
  const { shellType, runtime, baseImage, baseShellRef } = shell.spec;
  const type = shellTypeOf(shell.spec);
  const plan = (condition: NewCondition): ShellPlan => ({ condition, shellType: type });
  if (shellType !== undefined && runtime !== undefined && shellType !== runtime) {
    return plan(
      shellNotReady(
        ShellReason.ConflictingShellType,
        `spec.shellType "${shellType}" and spec.runtime "${runtime}" differ; give one of them.`,
      ),
    );
  }
  if (type === undefined) {
    const known = Object.keys(SHELL_TYPES).join(', ');
    return plan(shellNotReady(ShellReason.ShellTypeMissing, `spec.shellType: required; it can be ${known}.`));
  }
  const wrong = optionProblem(type, shell.spec);
  if (wrong !== undefined) return plan(shellNotReady(ShellReason.InvalidOptions, `spec.${wrong}.`));
  const [credential] = credentialsOf(changeShell, fieldsOf(shell.spec));
  if (credential !== undefined) {
    return plan(
      shellNotReady(
        ShellReason.CredentialInShell,
        `${credential.field}: this looks like a credential, and whoever may see Tasks could read it here. Give the key of a model by its Model, that of a tool by an MCPServer, and that of a repository by its Workspace.`,
      ),
    );
  }
  if (baseImage !== undefined && baseImage !== '' && !isImageReference(baseImage)) {
    return plan(
      shellNotReady(ShellReason.InvalidImage, `spec.baseImage: "${baseImage}" is not the name of an image.`),
    );
  }
  if (baseShellRef !== undefined && baseShellRef !== '' && !resolves(baseShellRef, shellExists)) {
    return plan(
      shellNotReady(ShellReason.BaseShellNotFound, `spec.baseShellRef: Shell "${baseShellRef}" not found.`),
    );
  }
  return plan(shellReady());
}

/** Compatible installations ship one public Shell per type, named like the type; manifests refer to them. */
function resolves(name: string, shellExists: (name: string) => boolean): boolean {
  return Object.hasOwn(SHELL_TYPES, name) || shellExists(name);
}

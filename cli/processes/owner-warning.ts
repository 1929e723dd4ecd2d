import type { Transport } from '#api/client/transport';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { MASTERS_GROUP } from '#api/machinery/users/user';

export interface OwnerWarningOptions {
  transport: Pick<Transport, 'send'>;
  logger: Logger;
  /** The account that has the rights for the work and no others, as a sentence that says how to use it. */
  instead: string;
}

/** Warns when a process acts as somebody who may do everything: whoever gets at its credentials could, too. */
export async function warnOfOwner({ transport, logger, instead }: OwnerWarningOptions): Promise<void> {
  try {
    const { text } = await transport.send({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    const { status } = JSON.parse(text) as {
      status: { userInfo?: { username?: string; groups?: string[] } };
    };
    const { username = '', groups = [] } = status.userInfo ?? {};
    if (groups.includes(MASTERS_GROUP)) {
      logger.warn(`this process may do everything, since its kubeconfig is that of the owner. ${instead}`, {
        user: username,
      });
    }
  } catch (error) {
    logger.warn('the server does not say as whom this process acts', { error: describeError(error) });
  }
}

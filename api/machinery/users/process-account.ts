/** The ServiceAccount of a process of ours. */
export interface ProcessAccount {
  namespace: string;
  name: string;
}

/** The namespace of the control plane itself. */
export const KUBE_SYSTEM_NAMESPACE = 'kube-system';

export const CONTROLLERS_ACCOUNT: ProcessAccount = {
  namespace: KUBE_SYSTEM_NAMESPACE,
  name: 'troupe-controllers',
};

/** Each executor manager has an account here, named like its Executor. */
export const EXECUTOR_NAMESPACE = 'troupe-executors';

export const executorAccount = (name: string): ProcessAccount => ({ namespace: EXECUTOR_NAMESPACE, name });

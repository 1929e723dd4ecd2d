export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Sends mails to people. */
export interface Mailer {
  /** Resolves when a server has taken it. @throws Error, which shows no credential */
  send(mail: Mail): Promise<void>;
}

import { createTransport } from 'nodemailer';
import type { Mailer } from './mailer.ts';

export interface SmtpOptions {
  /** `smtps://USER:PASSWORD@HOST[:PORT]`, or `smtp://` for STARTTLS; it holds a password. */
  url: string;
  from: string;
}

const TIMEOUT_MS = 20_000;

/** Mails by SMTP. Without TLS only to this machine. @throws Error, for a person, for an address that is not one */
export function createSmtpMailer({ url, from }: SmtpOptions): Mailer {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['smtp:', 'smtps:'].includes(parsed.protocol)) {
    // The text may hold a password.
    throw new Error('TROUPE_SMTP_URL must be an address such as smtps://USER:PASSWORD@HOST');
  }
  const isLocal = ['127.0.0.1', '[::1]', 'localhost'].includes(parsed.hostname);
  const transport = createTransport({
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? (parsed.protocol === 'smtps:' ? 465 : 587) : Number(parsed.port),
    secure: parsed.protocol === 'smtps:',
    requireTLS: !isLocal,
    ...(parsed.username === ''
      ? {}
      : { auth: { user: decodeURIComponent(parsed.username), pass: decodeURIComponent(parsed.password) } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // The content of a mail comes from people: no file and no address is read for it.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send({ to, subject, text }) {
      await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
    },
  };
}

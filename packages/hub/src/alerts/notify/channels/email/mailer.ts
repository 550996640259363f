import { connect, type LookupFunction, type Socket } from "node:net";
import type { AddressGuard } from "../../address/address-guard.ts";
import type { Mail } from "./compose-mail.ts";
import { type Refusal, refusalsOf } from "./mail-errors.ts";
import type { MailSettings } from "./mail-settings.ts";

const CONNECT_MS = 10_000;
const GREETING_MS = 10_000;
/** Longest silence of a server. */
const SILENCE_MS = 20_000;
/** An unused connection is let go before servers do it in the middle of a mail. */
const IDLE_MS = 60_000;
const MAILS_A_CONNECTION = 100;

/** What a mail server took. */
interface MailTaken {
  readonly accepted: readonly string[];
  readonly refusals: readonly Refusal[];
  /** Its last words. */
  readonly reply: string;
  readonly messageId: string;
}

/** A mail with whom it goes to. */
interface MailToSend extends Mail {
  readonly envelope: { readonly from: string; readonly to: string[] };
  readonly signal: AbortSignal;
}

/** One connection to one mail server, opened when needed. */
export interface Mailer {
  /** Rejects with a `MailError` when nobody has it, or with a `GuardError`. */
  send(mail: MailToSend): Promise<MailTaken>;
  /** Lets go of the connection; a mail on its way fails. */
  close(): void;
}

/** Makes a mailer; each connection goes to an address that was looked up and checked for it. */
export function createMailer(settings: MailSettings, guard: AddressGuard): Mailer {
  let transport: ReturnType<typeof openTransport> | null = null;
  return {
    async send({ headers, ...mail }) {
      transport ??= openTransport(settings, guard);
      const info = await (await transport).sendMail({ ...mail, headers: { ...headers } });
      return {
        accepted: info.accepted.map(addressText),
        refusals: refusalsOf(info),
        reply: info.response,
        messageId: info.messageId,
      };
    },
    close() {
      transport?.then((opened) => opened.close()).catch(() => undefined);
    },
  };
}

type SocketOpened = (error: Error | null, opened?: { readonly connection: Socket }) => void;

async function openTransport(settings: MailSettings, guard: AddressGuard) {
  // 2 MB that most hubs never need.
  const { createTransport } = await import("nodemailer");
  const { host, port, security, verify, user, password } = settings;
  return createTransport({
    pool: true,
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    tls: { rejectUnauthorized: verify },
    ...(user === "" ? {} : { auth: { user, pass: password } }),
    maxConnections: 1,
    maxMessages: MAILS_A_CONNECTION,
    // Of a message that nothing was sent of yet, when the server had closed the connection.
    maxRequeues: 1,
    idleTimeout: IDLE_MS,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    socketTimeout: SILENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket: (_options: unknown, done: SocketOpened) => {
      openSocket(settings, guard).then(
        (connection) => done(null, { connection }),
        (error: Error) => done(error),
      );
    },
  });
}

async function openSocket({ host, port }: MailSettings, guard: AddressGuard): Promise<Socket> {
  const { addresses } = await guard.check(host, port, "mail");
  const lookup: LookupFunction = (_host, { all }, done) => {
    const [first] = addresses;
    if (all === true) done(null, [...addresses]);
    else done(null, first?.address ?? "", first?.family);
  };
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup });
    const late = setTimeout(() => socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`)), CONNECT_MS);
    // Stays, so that nothing goes unheard until the client listens itself.
    socket.on("error", (error) => {
      clearTimeout(late);
      reject(error);
    });
    socket.once("connect", () => {
      clearTimeout(late);
      resolve(socket);
    });
  });
}

function addressText(address: string | { readonly address: string }): string {
  return typeof address === "string" ? address : address.address;
}

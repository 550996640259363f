import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import { type ReceivedMail, readMail } from "./received-mail.ts";

/**
 * How a mail server behaves. `greylist`: 451 for each recipient ·
 * `refuse`: 550 for each recipient · `busy`: 421 as a greeting · `reset`: the connection is
 * reset in the middle of DATA · `drop`: takes the mail, and ends the connection
 * without a word · `mute`: takes the mail and says nothing · `slow`: takes it after 300 ms.
 */
export const SMTP_MOODS = ["ok", "greylist", "refuse", "busy", "reset", "drop", "mute", "slow"] as const;
export type SmtpMood = (typeof SMTP_MOODS)[number];

/** How a mail server of a test is set up. */
export interface SmtpServerOptions {
  /** `starttls` is offered, `tls` is from the first byte; with a certificate of its own making. @default "none" */
  readonly security?: "none" | "starttls" | "tls";
  /** Who must log in. @default nobody */
  readonly login?: { readonly user: string; readonly password: string };
  /** Code for a recipient, e.g. 450 or 550; `null` takes it. @default takes all */
  readonly judge?: (recipient: string) => number | null;
  /** @default a free one */
  readonly port?: number;
}

/** A mail server of one test on 127.0.0.1. */
export interface SmtpServerOfTest {
  readonly host: string;
  readonly port: number;
  /** What was taken, also when nothing was answered; in order. */
  readonly mails: readonly ReceivedMail[];
  /** How often somebody began to send (MAIL FROM), or tried to connect while it was busy. */
  readonly tries: number;
  /** Connections that are open. */
  readonly connections: number;
  /** From now on, for so many mails. @default for ever */
  setMood(mood: SmtpMood, times?: number): void;
  /** Hears of each mail as it is taken. */
  onMail(listener: (mail: ReceivedMail) => void): void;
  /** Ends it, connections included. Safe to call twice. */
  stop(): Promise<void>;
}

const SLOW_MS = 300;

/** Starts a real mail server that can be in a bad mood. End it with `stop()`. */
export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<SmtpServerOfTest> {
  const state = new State();
  const server = createServer(options, state);
  server.on("error", () => undefined);
  const listening = server.listen(options.port ?? 0, "127.0.0.1");
  await once(listening, "listening");
  const address = listening.address();
  if (address === null || typeof address === "string") throw new Error("expected an address with a port");
  let stopping: Promise<void> | null = null;
  return {
    host: "127.0.0.1",
    port: address.port,
    mails: state.mails,
    get tries() {
      return state.tries;
    },
    get connections() {
      return server.connections.size;
    },
    setMood: (mood, times = Infinity) => state.set(mood, times),
    onMail: (listener) => void state.listeners.push(listener),
    stop() {
      stopping ??= new Promise((resolve) => {
        for (const { _socket } of server.connections) _socket.destroy();
        server.close(() => resolve());
      });
      return stopping;
    },
  };
}

class State {
  readonly mails: ReceivedMail[] = [];
  readonly listeners: ((mail: ReceivedMail) => void)[] = [];
  tries = 0;
  #mood: SmtpMood = "ok";
  #times = Infinity;

  set(mood: SmtpMood, times: number): void {
    this.#mood = mood;
    this.#times = times;
  }

  /** The mood, when it is one of these; one time less of it then. */
  take(...moods: readonly SmtpMood[]): SmtpMood | null {
    if (!moods.includes(this.#mood)) return null;
    const mood = this.#mood;
    this.#times--;
    if (this.#times <= 0) this.set("ok", Infinity);
    return mood;
  }

  keep(mail: ReceivedMail): void {
    this.mails.push(mail);
    for (const listener of this.listeners) listener(mail);
  }
}

function createServer({ security = "none", login, judge = () => null }: SmtpServerOptions, state: State): SMTPServer {
  const server: SMTPServer = new SMTPServer({
    secure: security === "tls",
    disabledCommands: [...(security === "none" ? ["STARTTLS"] : []), ...(login === undefined ? ["AUTH"] : [])],
    allowInsecureAuth: security === "none",
    authOptional: login === undefined,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onConnect(_session, done) {
      const isBusy = state.take("busy") !== null;
      if (isBusy) state.tries++;
      done(isBusy ? refusal(421, "4.3.2 too busy") : null);
    },
    onAuth({ username, password }, _session, done) {
      const isRight = username === login?.user && password === login?.password;
      if (isRight) done(null, { user: username });
      else done(refusal(535, "5.7.8 authentication failed"));
    },
    onMailFrom(_address, _session, done) {
      state.tries++;
      done();
    },
    onRcptTo({ address }, _session, done) {
      const mood = state.take("greylist", "refuse");
      if (mood === "greylist") return done(refusal(451, "4.7.1 greylisted, come back later"));
      if (mood === "refuse") return done(refusal(550, "5.1.1 no such user"));
      const code = judge(address);
      done(code === null ? null : refusal(code, "not this one"));
    },
    onData(stream, session, done) {
      takeData(stream, session, state, server).then(
        (isAnswered) => {
          if (isAnswered) done(null, "queued");
        },
        () => undefined,
      );
    },
  });
  return server;
}

/** True when it is to be answered. */
async function takeData(
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  state: State,
  server: SMTPServer,
): Promise<boolean> {
  const mood = state.take("reset", "drop", "mute", "slow");
  const socket = [...server.connections].find((connection) => connection.session.id === session.id)?._socket;
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (mood === "reset") {
      socket?.destroy();
      return false;
    }
    chunks.push(chunk);
  }
  const { mailFrom, rcptTo } = session.envelope;
  const from = mailFrom === false ? "" : mailFrom.address;
  const to = rcptTo.map(({ address }) => address);
  const user = typeof session.user === "string" ? session.user : null;
  if (mood === "slow") await wait(SLOW_MS);
  state.keep(
    readMail(Buffer.concat(chunks).toString("utf8"), { from, to, secure: session.secure, user, at: Date.now() }),
  );
  if (mood === "drop") socket?.destroy();
  return mood === null || mood === "slow";
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

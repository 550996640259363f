import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findIn, pathDirectories } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { type ReceivedMail, readMail } from "./received-mail.ts";
import { until } from "./until.ts";

const DIRECTORIES = ["/usr/bin", "/usr/local/bin"];

/** A mail server that is not ours and not made by whoever made our client: aiosmtpd of Debian, with a Maildir. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** What is in the Maildir, oldest first. */
  mails(): Promise<readonly ReceivedMail[]>;
  /** Ends it. Safe to call twice. */
  stop(): Promise<void>;
}

/** Path of `aiosmtpd`, `null` when there is none. */
export function findMailServer(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  return findIn([...DIRECTORIES, ...pathDirectories(environment)], ["aiosmtpd"]);
}

/** Starts a mail server of one test. End it with `stop()`. */
export async function startMailServer(): Promise<MailServer> {
  const path = findMailServer();
  if (path === null) throw new Error("aiosmtpd: expected it to be installed (Debian's package python3-aiosmtpd)");
  const directory = await mkdtemp(join(tmpdir(), "wsight-mail-"));
  const maildir = join(directory, "Maildir");
  const port = await freePort();
  const child = spawn(path, ["-n", "-u", "-l", `127.0.0.1:${port}`, "-c", "aiosmtpd.handlers.Mailbox", maildir], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const server: MailServer = {
    host: "127.0.0.1",
    port,
    mails: () => readMaildir(join(maildir, "new")),
    stop: () => end(child, directory),
  };
  try {
    await until(() => greets(port), { timeoutMs: 20_000, what: "aiosmtpd to greet" });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function greets(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    const [greeting] = await once(socket, "data");
    return String(greeting).startsWith("220");
  } finally {
    socket.destroy();
  }
}

async function readMaildir(directory: string): Promise<readonly ReceivedMail[]> {
  // There is none before the first mail.
  const names = await readdir(directory).catch(() => []);
  const mails = await Promise.all(names.map(async (name) => received(await readFile(join(directory, name), "utf8"))));
  return mails.sort((a, b) => a.at - b.at);
}

/** The server writes envelope and peer into headers of its own. */
function received(raw: string): ReceivedMail {
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, "im").exec(raw)?.[1]?.trim() ?? "";
  const to = header("X-RcptTo").split(/,\s*/);
  return readMail(raw, { from: header("X-MailFrom"), to, secure: false, user: null, at: Date.parse(header("Date")) });
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  await rm(directory, { recursive: true, force: true });
}

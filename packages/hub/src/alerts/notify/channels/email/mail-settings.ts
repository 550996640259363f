import { isIP } from "node:net";
import { addressKind, plainAddress } from "../../address/special-addresses.ts";
import { MAIL_SECURITY } from "../../channel-kinds.ts";
import { type Settings, SettingsError } from "../../settings.ts";

/** A person or a list. */
interface MailAddress {
  readonly name: string;
  readonly address: string;
}

/** How mail is sent. */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  readonly security: (typeof MAIL_SECURITY)[number];
  readonly verify: boolean;
  readonly user: string;
  readonly password: string;
  readonly from: MailAddress;
  /** Addresses alone. */
  readonly to: readonly string[];
}

const PORTS: Readonly<Record<MailSettings["security"], number>> = { tls: 465, starttls: 587, none: 25 };
const MOST_RECIPIENTS = 50;
// Nothing that ends a command or begins another one; the server decides on the rest.
const ADDRESS = /^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\]{1,255}$/;

/** Reads what a mail channel is set to. @throws SettingsError */
export function readMailSettings(settings: Settings): MailSettings {
  const security = MAIL_SECURITY.find((each) => each === settings.text("security")) ?? MAIL_SECURITY[0];
  const host = settings.text("host").replace(/^\[(.*)\]$/, "$1");
  const port = settings.whole("port") ?? PORTS[security];
  if (port < 1 || port > 65_535) throw new SettingsError(`Port: expected 1 to 65535, got ${port}`);
  const user = settings.text("user");
  if (user !== "" && security === "none" && !isThisMachine(host)) {
    throw new SettingsError("Security: a password is not sent in clear; expected starttls or tls");
  }
  const to = settings.list("to").map((entry) => parseMailAddress("To", entry).address);
  if (to.length === 0 || to.length > MOST_RECIPIENTS) {
    throw new SettingsError(`To: expected 1 to ${MOST_RECIPIENTS} addresses, got ${to.length}`);
  }
  const from = parseMailAddress("From", settings.text("from"));
  const password = settings.text("password");
  return { host, port, security, verify: settings.flag("verify"), user, password, from, to: [...new Set(to)] };
}

/** Reads `name@host` or `Name <name@host>`. @throws SettingsError */
function parseMailAddress(label: string, text: string): MailAddress {
  const match = /^\s*(?:"?([^"<>\p{Cc}]*?)"?\s*<([^<>]+)>|([^<>]+))\s*$/u.exec(text);
  const address = (match?.[2] ?? match?.[3] ?? "").trim();
  if (!ADDRESS.test(address))
    throw new SettingsError(`${label}: expected an address as alerts@example.org, got ${text}`);
  return { name: (match?.[1] ?? "").trim(), address };
}

function isThisMachine(host: string): boolean {
  if (host === "localhost") return true;
  const plain = plainAddress(host);
  return isIP(plain) !== 0 && addressKind(plain) === "private" && (plain.startsWith("127.") || plain === "::1");
}

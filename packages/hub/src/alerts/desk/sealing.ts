import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { asFields, asText, parseJson, WsightError } from "@wsight/protocol";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** What the key is for: another purpose, another key. */
const PURPOSE = "wsight alert channels 1";
const LONGEST = 65_536;

/** Secrets of one channel as they are kept: the name of each in clear, its value encrypted by itself. */
type SealedSecrets = Readonly<Record<string, string>>;

/** The key that secrets of channels are encrypted with, made from the hub's secret; base64url. */
export function sealingKey(hubSecret: string): string {
  return Buffer.from(hkdfSync("sha256", hubSecret, "", PURPOSE, KEY_BYTES)).toString("base64url");
}

/** Encrypts secrets of a channel, and opens them again. What was sealed for one channel and name opens for no other. */
export class Sealer {
  readonly #key: Buffer;

  /** @param key see {@link sealingKey} */
  constructor(key: string) {
    this.#key = Buffer.from(key, "base64url");
  }

  /**
   * What is kept after a change: secrets that are left out stay as they are, `null` takes one away.
   * @param before what was kept before; `null` for nothing
   */
  reseal(channelId: string, before: string | null, changes: Readonly<Record<string, string | null>>): string {
    const sealed = new Map(Object.entries(before === null ? {} : parseSealed(before)));
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) sealed.delete(name);
      else sealed.set(name, this.#seal(`${channelId}\n${name}`, value));
    }
    return JSON.stringify(Object.fromEntries(sealed));
  }

  /** @throws WsightError `CONFLICT` when another secret sealed them, or they were changed */
  open(channelId: string, sealed: string): Readonly<Record<string, string>> {
    const opened = Object.entries(parseSealed(sealed)).map(([name, value]) => [
      name,
      this.#open(`${channelId}\n${name}`, value),
    ]);
    return Object.fromEntries(opened);
  }

  /** True when all of them can be opened. */
  canOpen(channelId: string, sealed: string): boolean {
    try {
      this.open(channelId, sealed);
      return true;
    } catch {
      return false;
    }
  }

  #seal(place: string, value: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place));
    const body = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
  }

  #open(place: string, sealed: string): string {
    const bytes = Buffer.from(sealed, "base64url");
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    } catch {
      throw new WsightError("CONFLICT", "channel: its secrets were encrypted with another secret; enter them again");
    }
  }
}

/** Names of the secrets that are set. */
export function namesOfSealed(sealed: string): readonly string[] {
  return Object.keys(parseSealed(sealed));
}

function parseSealed(text: string): SealedSecrets {
  const fields = asFields(
    "STORE_UNAVAILABLE",
    "sealed secrets",
    parseJson("STORE_UNAVAILABLE", "sealed secrets", text),
  );
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    asText("STORE_UNAVAILABLE", "sealed secret", value, LONGEST),
  ]);
  return Object.fromEntries(entries);
}

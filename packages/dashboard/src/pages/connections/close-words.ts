/** What a close code or reason means, in words. */
export interface CloseWords {
  readonly name: string;
  readonly meaning: string;
  /** `fault`: something broke, by network or by error · `left`: somebody chose to go. */
  readonly kind: "left" | "fault";
}

const WORDS: Readonly<Record<string, readonly [kind: CloseWords["kind"], name: string, meaning: string]>> = {
  "1000": ["left", "1000 normal closure", "one side closed in good order"],
  "1001": ["left", "1001 going away", "tab closed, or server shutting down"],
  "1002": ["fault", "1002 protocol error", "a frame broke the protocol"],
  "1003": ["fault", "1003 unsupported data", "a kind of data that is not taken"],
  "1005": ["left", "1005 no status", "closed in good order, no code given"],
  "1006": ["fault", "1006 abnormal", "cut off without a close frame: network, crash or proxy"],
  "1007": ["fault", "1007 invalid data", "text that is not UTF-8"],
  "1008": ["fault", "1008 policy violation", "the application refused the client"],
  "1009": ["fault", "1009 message too big", "above the payload limit"],
  "1010": ["fault", "1010 extension missing", "the client wanted an extension"],
  "1011": ["fault", "1011 server error", "the application ended it after an error"],
  "1012": ["left", "1012 service restart", "the server restarts"],
  "1013": ["fault", "1013 try again later", "the server is too busy"],
  "1015": ["fault", "1015 TLS failure", "the secure handshake failed"],
  "transport close": ["left", "transport close", "the client went: tab closed, network changed"],
  "transport error": ["fault", "transport error", "the connection broke with an error"],
  "ping timeout": ["fault", "ping timeout", "no heartbeat came in time: asleep, offline, or a busy loop"],
  "parse error": ["fault", "parse error", "a packet could not be read"],
  "forced close": ["left", "forced close", "the server closed the transport"],
  "forced server close": ["left", "forced server close", "no namespace was joined in time"],
  "server shutting down": ["left", "server shutting down", "the server ended"],
  "client namespace disconnect": ["left", "client disconnect", "the client called disconnect()"],
  "server namespace disconnect": ["left", "server disconnect", "the server called disconnect()"],
};

/** Explains a close code of ws or a reason of Socket.IO. */
export function explainClose(key: string): CloseWords {
  const [kind, name, meaning] = (Object.hasOwn(WORDS, key) ? WORDS[key] : undefined) ?? [];
  if (kind !== undefined && name !== undefined && meaning !== undefined) return { kind, name, meaning };
  const code = Number(key);
  if (code >= 4000 && code <= 4999) return { kind: "left", name: key, meaning: "a code of the application's own" };
  if (code >= 3000 && code <= 3999) return { kind: "left", name: key, meaning: "a code that a library registered" };
  return { kind: "left", name: key === "_other" ? "other reasons" : key, meaning: "" };
}

/** Takes secrets and personal data out of a text before it leaves the process. */
export type Redact = (text: string) => string;

/** Names of fields that hold secrets; short ones count only where no letter stands before them. */
const SECRET_NAMES = [
  "pass(?:word|wd|phrase|code)?",
  "secret",
  "token",
  "(?:api|access|private|secret|account|shared)[-_ ]?key",
  "authorization",
  "cookie",
  "session(?:[-_]?id)?",
  "credential",
  "signature",
  "card(?:[-_]?number)?",
  "iban",
  "(?<![a-z])(?:pwd|pin|otp|sid|sig|cvv|cvc|ssn)(?![a-z])",
].join("|");

/** A secret's name with what may follow it within one word: `secretAccessKey`, `token_v2`, but not `tokens` or `passed`. */
const NAME = String.raw`(?:${SECRET_NAMES})(?:[-_][\w-]{0,32}|access[-_]?key|key|value|hash|id)?`;

/** A name and what parts it from its value, as JSON, header, query, code or XML. */
const FIELD = String.raw`${NAME}(?:\\{0,8}["'\`])?\s{0,8}(?:[:=]>?|%3[ad]|>)\s{0,8}`;

/**
 * In this order. Error texts hold what clients send, so none of these may take
 * long over anything: each either has a bounded reach, or can't fail once it
 * has read far, so that what was read is not read again from the next place.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Keys in PEM, cut ones included.
  [/-----BEGIN [A-Z ]{1,40}-----[\s\S]*?(?:-----END [^-]*-----|$)/g, "•••"],
  // JSON Web Tokens and anything else that is JSON in base64, wherever it stands.
  [/eyJ[\w-]{7,}(?:\.[\w-]*)*/g, "•••"],
  // Keys of well-known services, by their prefixes.
  [/(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,}/g, "•••"],
  [
    /(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|glpat-|npm_|xox[a-z]-|xapp-|[prs]k[-_]|whsec_|AIza|SG\.)[\w.-]{16,}/g,
    "•••",
  ],
  // A list of names and values, as `rawHeaders` is: `'Cookie', 'sid=…'`.
  [new RegExp(String.raw`((["'])(?:[\w-]{0,32}${NAME})\2\s{0,8},\s{0,8})(["'])[\s\S]*?(?:\3|$)`, "gi"), "$1•••"],
  // Quoted values of fields whose name says that they are secret, also within JSON within JSON.
  [new RegExp(String.raw`(${FIELD})(\\{0,8}["'\`])[\s\S]*?(?:(?<!\\)\2|$)`, "gi"), "$1•••"],
  // Headers: the rest of the line.
  [/((?:authorization|cookie)\s{0,8}:\s{0,8})[^\r\n"'•][^\r\n]*/gi, "$1•••"],
  // Other values, as header, query or code.
  [new RegExp(String.raw`(${FIELD})[^\s,;&}<•][^\s,;&}<]*`, "gi"), "$1•••"],
  // `Bearer …`, `Basic …`.
  [/\b(bearer|basic|digest)(?:\s|%20|[:+]){1,8}[\w.~+/=%-]+/gi, "$1 •••"],
  // Query strings.
  [/(\/[^\s?#"'/]*)\?[^\s"']+/g, "$1?•••"],
  // Credentials in URLs: passwords that hold a slash or an @, then whatever stands before the host.
  [/(:\/\/)[^\s/:@"'<>[\]]{0,64}:(?!\d{1,5}[/?#])[^\s"'<>]{0,256}@/g, "$1•••@"],
  [/(:\/\/)[^\s/?#"'<>@]{0,256}@/g, "$1•••@"],
  // E-mail addresses.
  [/[^\s@:;,"'`/\\<>()[\]{}=&|%]{1,64}(?:@|%40)[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)+/gu, "•••@•••"],
  // Card-like and other long digit groups.
  [/\d(?:[ -]{0,2}\d){12,}/g, "•••"],
];

/** The redaction that is always on: secrets by name and shape, query strings, e-mail addresses, card numbers. */
export const redactSecrets: Redact = (text) => {
  let clean = text;
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
};

/** True for a field whose value the redaction takes out because of its name. */
export function isSecretName(name: string): boolean {
  const text = `${name}: x`;
  return redactSecrets(text) !== text;
}

/** The redaction that is always on, then the application's own; a throw of that withholds the text. */
export function composeRedact(further: Redact | undefined): Redact {
  if (further === undefined) return redactSecrets;
  return (text) => {
    try {
      return String(further(redactSecrets(text)));
    } catch {
      return "(withheld: the redact option threw)";
    }
  };
}

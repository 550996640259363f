/** Takes secrets and personal data out of a text before it leaves the process. */
export type Redact = (text: string) => string;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // JSON Web Tokens, wherever they stand.
  [/\beyJ[\w-]{4,}\.[\w-]+\.[\w-]*/g, "•••"],
  // `Authorization: Bearer …`, `Basic …`.
  [/\b(bearer|basic|digest)\s+[\w.~+/=-]+/gi, "$1 •••"],
  // Values of fields whose name says that they are secret, as JSON, header, query or code.
  [
    /((?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|authorization|cookie|session(?:[-_]?id)?|credential|private[-_]?key|card(?:[-_]?number)?|cvv|ssn|iban)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&}]+)/gi,
    "$1•••",
  ],
  // Query strings.
  [/(\/[^\s?#"']*)\?[^\s"']+/g, "$1?•••"],
  // Credentials in URLs.
  [/(\w+:\/\/)[^\s/@:]+:[^\s/@]+@/g, "$1•••@"],
  // E-mail addresses.
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, "•••@•••"],
  // Card-like and other long digit groups.
  [/\b(?:\d[ -]?){13,19}\b/g, "•••"],
];

/** The redaction that is always on: secrets by name and shape, query strings, e-mail addresses, card numbers. */
export const redactSecrets: Redact = (text) => {
  let clean = text;
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean;
};

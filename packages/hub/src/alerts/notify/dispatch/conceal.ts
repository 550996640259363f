const LONGEST_LINE = 300;
/** What is shorter is found in ordinary text. */
const SHORTEST_SECRET = 4;

/** A message of an error or a reply as it may be kept and shown: one line, without secrets. */
export function conceal(text: string, secrets: Readonly<Record<string, string>>): string {
  let shown = text;
  for (const secret of Object.values(secrets)) {
    if (secret.length < SHORTEST_SECRET) continue;
    for (const form of formsOf(secret)) shown = shown.split(form).join("•••");
  }
  return oneLine(shown, LONGEST_LINE);
}

/** One line of at most so many characters: control characters and line ends become blanks. */
export function oneLine(text: string, most: number): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return clip(line, most);
}

/** At most so many UTF-16 units, never half a character; `…` says that something was left out. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  const last = cut.charCodeAt(cut.length - 1);
  return `${last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut}…`;
}

function formsOf(secret: string): readonly string[] {
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  forms.push(Buffer.from(secret).toString("base64"));
  // Of an address with a token in it, what follows the host is what must not be told.
  const path = /^https?:\/\/[^/]+(\/.{3,})$/i.exec(secret)?.[1];
  if (path !== undefined) forms.push(path);
  return forms;
}

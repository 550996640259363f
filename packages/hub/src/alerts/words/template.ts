/** What a template can say: text, lists of further words, or what is there or not. */
type TemplateValue = string | boolean | readonly TemplateScope[];
export type TemplateScope = Readonly<Record<string, TemplateValue>>;

/** A part of a parsed template. */
export type TemplatePart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "name"; readonly name: string }
  | {
      readonly type: "section";
      readonly name: string;
      readonly inverted: boolean;
      readonly parts: readonly TemplatePart[];
    };

/** Longest template, in characters. */
export const MAX_TEMPLATE = 4000;
/** Deepest nesting of sections. */
const MAX_DEPTH = 4;
/** Most tags of one template. */
const MAX_TAGS = 200;
/** Longest name within a tag. */
const MAX_NAME = 160;

interface Open {
  readonly name: string;
  readonly inverted: boolean;
  readonly parts: TemplatePart[];
}

/**
 * Parses the part of Mustache that has no logic: `{{name}}`, `{{#list}}…{{/list}}`, `{{^list}}…{{/list}}`, `{{! note }}`.
 * No partials, no other delimiters, no functions. Takes time in proportion to its length.
 * @throws Error saying what is not understood, and where
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  if (text.length > MAX_TEMPLATE) throw new Error(`expected at most ${MAX_TEMPLATE} characters, got ${text.length}`);
  const root: Open = { name: "", inverted: false, parts: [] };
  const open = [root];
  let at = 0;
  for (let tags = 0; ; tags++) {
    const top = open.at(-1) ?? root;
    const from = text.indexOf("{{", at);
    const plain = text.slice(at, from < 0 ? undefined : from);
    if (plain !== "") top.parts.push({ type: "text", text: plain });
    if (from < 0) break;
    if (tags >= MAX_TAGS) throw new Error(`expected at most ${MAX_TAGS} tags`);
    const tag = readTag(text, from);
    at = tag.to;
    if (tag.sign === "!") continue;
    if (tag.sign === "/") close(open, tag.name, from);
    else if (tag.sign === "#" || tag.sign === "^") {
      if (open.length > MAX_DEPTH) throw new Error(`expected sections at most ${MAX_DEPTH} deep, at ${from + 1}`);
      open.push({ name: tag.name, inverted: tag.sign === "^", parts: [] });
    } else top.parts.push({ type: "name", name: tag.name });
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined && unclosed !== root) throw new Error(`{{#${unclosed.name}}} is never closed`);
  return root.parts;
}

function readTag(text: string, from: number): { readonly sign: string; readonly name: string; readonly to: number } {
  const isTriple = text.startsWith("{{{", from);
  const end = isTriple ? "}}}" : "}}";
  const to = text.indexOf(end, from);
  if (to < 0) throw new Error(`the tag at ${from + 1} has no ${end}`);
  const inner = text.slice(from + end.length, to).trim();
  const sign = isTriple ? "&" : (/^[#^/&!=>]/.exec(inner)?.[0] ?? "");
  const name = (isTriple ? inner : inner.slice(sign.length)).trim();
  if (sign === ">" || sign === "=") throw new Error(`{{${sign} …}} at ${from + 1} is not supported`);
  if (sign !== "!" && (name === "" || name.length > MAX_NAME || !/^[\w.\-/]+$/.test(name)))
    throw new Error(`expected a name in the tag at ${from + 1}, got ${JSON.stringify(name.slice(0, 60))}`);
  return { sign, name, to: to + end.length };
}

function close(open: Open[], name: string, at: number): void {
  const section = open.length > 1 ? open.pop() : undefined;
  if (section === undefined || section.name !== name) throw new Error(`{{/${name}}} at ${at + 1} closes nothing`);
  const { inverted, parts } = section;
  open.at(-1)?.parts.push({ type: "section", name, inverted, parts });
}

/** Most parts that are written, those of lists once for each item: what takes less than a millisecond. */
const MAX_WRITTEN = 3000;
/** Longest text that a template may become, in characters. */
const MAX_RENDERED = 4000;

/**
 * Fills a template in. Names are looked up from the innermost section outwards.
 * @throws Error for a name that is not known, or when the text would be too long
 */
export function renderTemplate(parts: readonly TemplatePart[], scope: TemplateScope): string {
  const out: string[] = [];
  let length = 0;
  let written = 0;

  function say(text: string): void {
    length += text.length;
    if (length > MAX_RENDERED) throw new Error(`the text would be longer than ${MAX_RENDERED} characters`);
    out.push(text);
  }

  function write(some: readonly TemplatePart[], scopes: readonly TemplateScope[]): void {
    // Lists within lists may take long, even when nothing is said.
    written += 1 + some.length;
    if (written > MAX_WRITTEN) throw new Error(`its lists would be written out in more than ${MAX_WRITTEN} parts`);
    for (const part of some) {
      if (part.type === "text") say(part.text);
      else if (part.type === "name") say(textOf(part.name, scopes));
      else writeSection(part, scopes);
    }
  }

  function writeSection(part: Extract<TemplatePart, { type: "section" }>, scopes: readonly TemplateScope[]): void {
    for (const inner of roundsOf(part, lookUp(part.name, scopes))) {
      write(part.parts, [inner, ...scopes]);
    }
  }

  write(parts, [scope]);
  return out.join("");
}

/**
 * Looks at every name of a template, also where nothing would be written now.
 * @param scope how it would be filled in; lists with at least one item
 * @throws Error for a name that is not known, or that is no text
 */
export function checkTemplate(parts: readonly TemplatePart[], scope: TemplateScope): void {
  const check = (some: readonly TemplatePart[], scopes: readonly TemplateScope[]): void => {
    for (const part of some) {
      if (part.type === "name") textOf(part.name, scopes);
      else if (part.type === "section") {
        const value = lookUp(part.name, scopes);
        const [item = {}] = typeof value === "object" && !part.inverted ? value : [];
        check(part.parts, [item, ...scopes]);
      }
    }
  };
  check(parts, [scope]);
}

function textOf(name: string, scopes: readonly TemplateScope[]): string {
  const value = lookUp(name, scopes);
  if (typeof value === "string") return value;
  throw new Error(`{{${name}}} is no text; use it as a section: {{#${name}}}…{{/${name}}}`);
}

/** Scopes that a section is written with, once for each. */
function roundsOf({ inverted }: { readonly inverted: boolean }, value: TemplateValue): readonly TemplateScope[] {
  const isThere = typeof value === "string" ? value !== "" : value === true || (value !== false && value.length > 0);
  if (inverted) return isThere ? [] : [{}];
  if (!isThere) return [];
  return typeof value === "object" ? value : [{}];
}

function lookUp(name: string, scopes: readonly TemplateScope[]): TemplateValue {
  for (const scope of scopes) {
    if (Object.hasOwn(scope, name)) return scope[name] ?? "";
  }
  // A label that is not there is empty: instances of one rule need not all have it.
  if (name.startsWith("labels.") && name.length > "labels.".length) return "";
  throw new Error(`there is no {{${name}}}`);
}

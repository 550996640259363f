/** A place in a router's stack: middleware, a mounted router, or a route. */
export interface LayerLike {
  readonly handle: unknown;
  readonly name?: string;
  readonly route?: RouteLike | undefined;
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean; readonly fast_star?: boolean };
  readonly keys?: readonly { readonly name: unknown }[];
  /** Express 5: the path as it was registered, since `router` 2.3. */
  readonly rawPath?: unknown;
  /** Express 5: true for a mount at `/`. */
  readonly slash?: boolean;
  /** Express 5: matches a path without side effects. */
  readonly matchers?: readonly ((path: string) => false | { readonly path: string; readonly params: object })[];
}

/** A route of Express; `path` is what was registered. */
export interface RouteLike {
  readonly path: unknown;
}

/** A router, of either version. */
export interface RouterLike {
  readonly stack: readonly LayerLike[];
}

/** A layer's mount path, as far as it can be told. */
export interface MountPath {
  /** The pattern as it was registered, without a slash at its end; `""` for a mount at `/`. */
  readonly pattern: string;
  /** Concrete characters of the path it takes. */
  readonly length: number;
}

/** True for what has a stack of layers. */
export function isRouter(value: unknown): value is RouterLike {
  return typeof value === "function" && Array.isArray((value as Partial<RouterLike>).stack);
}

/** A pattern as people wrote it: text, a regular expression, or several of them. */
export function patternText(path: unknown): string {
  if (Array.isArray(path)) return path.map(patternText).join("|");
  return path instanceof RegExp ? String(path) : typeof path === "string" ? path : "";
}

/**
 * What a layer that is no route takes of a concrete path, and by which
 * pattern; `null` when it takes nothing of it or the pattern can't be told for
 * certain. The concrete path never gets into the pattern.
 */
export function takeMount(layer: LayerLike, path: string): MountPath | null {
  if (layer.slash === true || layer.regexp?.fast_slash === true) return { pattern: "", length: 0 };
  const taken = layer.regexp === undefined ? takeByMatcher(layer, path) : takeByRegexp(layer, layer.regexp, path);
  if (taken === null) return null;
  const after = path[taken.length];
  if (after !== undefined && after !== "/" && after !== ".") return null;
  return taken;
}

/** The pattern of a layer without a path to look at; `null` when only a path would tell. */
export function mountPattern(layer: LayerLike): string | null {
  if (layer.slash === true || layer.regexp?.fast_slash === true) return "";
  if (layer.regexp !== undefined) return patternOfRegexp(layer, layer.regexp);
  const { rawPath } = layer;
  // Of several paths only a request tells which one it was.
  return typeof rawPath === "string" || rawPath instanceof RegExp ? trimmed(patternText(rawPath)) : null;
}

function takeByRegexp(layer: LayerLike, regexp: RegExp, path: string): MountPath | null {
  const match = regexp.exec(path);
  const pattern = match === null ? null : patternOfRegexp(layer, regexp);
  return match === null || pattern === null ? null : { pattern, length: trimmed(match[0]).length };
}

function takeByMatcher({ matchers, rawPath }: LayerLike, path: string): MountPath | null {
  for (const [i, matcher] of (matchers ?? []).entries()) {
    const match = matcher(path);
    if (match === false) continue;
    const raw: unknown = Array.isArray(rawPath) ? rawPath[i] : rawPath;
    const pattern = raw === undefined ? learnPattern(matcher, match.path) : trimmed(patternText(raw));
    return pattern === null ? null : { pattern, length: trimmed(match.path).length };
  }
  return null;
}

/** No segment of a registered path looks like this. */
const STRANGER = "wsight-0-probe";

type Matcher = NonNullable<LayerLike["matchers"]>[number];

/**
 * Older routers of Express 5 keep no pattern. Their matchers are asked: a
 * segment that may just as well be another one is a parameter, one that may not
 * change at all is text of the pattern. Anything less plain (parts of segments,
 * wildcards, regular expressions) is not told.
 */
function learnPattern(matcher: Matcher, path: string): string | null {
  const match = matcher(path);
  if (match === false || matcher.name === "regexpMatcher") return null;
  const segments = path.split("/");
  const learnt = segments.map((segment, i) => {
    const withAnother = (text: string): ReturnType<Matcher> => matcher(segments.with(i, text).join("/"));
    return segment === "" ? "" : learnSegment(segment, withAnother);
  });
  const names = learnt.filter((part) => part?.startsWith(":")).length;
  return learnt.includes(null) || Object.keys(match.params).length !== names ? null : trimmed(learnt.join("/"));
}

function learnSegment(segment: string, withAnother: (text: string) => ReturnType<Matcher>): string | null {
  const other = withAnother(STRANGER);
  if (other !== false) {
    const name = Object.entries(other.params).find(([, value]) => value === STRANGER)?.[0];
    return name === undefined ? null : `:${name}`;
  }
  const changed = [`${segment}0`, segment.replaceAll(/\d/g, (digit) => String((Number(digit) + 1) % 10))];
  if (changed.some((text) => text !== segment && withAnother(text) !== false)) return null;
  // Where case does not matter, the client chose it.
  return withAnother(segment.toUpperCase()) === false ? segment : segment.toLowerCase();
}

/** Writes back the path that Express 4 made a regular expression of. */
function patternOfRegexp({ keys = [] }: LayerLike, regexp: RegExp): string | null {
  const plain = /^\^(.*?)\\?\/?\??\(\?=\/\|\$\)$/.exec(regexp.source.replaceAll("\\/", "/"));
  if (plain === null) return `${regexp}`;
  let next = 0;
  const pattern = (plain[1] as string)
    .replaceAll(/\(\?:\/\(\[\^\/\]\+\?\)\)(\??)/g, (_, optional) => `/:${String(keys[next++]?.name)}${optional}`)
    .replaceAll(/\\([.\-_~])/g, "$1");
  const isPlain = next === keys.length && /^[\w/:?.\-~%]*$/.test(pattern);
  // Written by hand, or with parts of their own: the expression itself is the pattern.
  return isPlain ? trimmed(pattern) : `${regexp}`;
}

function trimmed(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

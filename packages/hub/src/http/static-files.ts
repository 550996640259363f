import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { WsightError } from "@wsight/protocol";
import { systemCode } from "../errors.ts";
import type { RouteReply } from "./route.ts";

/** File types the dashboard is made of; nothing else is served. */
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Compressed copies that may lie beside a file, best first. */
const ENCODINGS = [
  { name: "br", suffix: ".br" },
  { name: "gzip", suffix: ".gz" },
] as const;

/** A name that changes with its content, as Vite writes them: `assets/index-B1x_9zQk.js`. */
const HASHED = /^assets\/.*-[\w-]{8}\.\w+$/;

/**
 * Serves one file of a directory, never one outside it.
 * @param path decoded path below the directory
 * @throws WsightError `NOT_FOUND`
 */
export async function serveFile(directory: string, path: string, acceptEncoding: string): Promise<RouteReply> {
  const type = TYPES[extname(path)];
  const parts = path.split("/");
  // Windows would take `\` and drive letters as parts of a path; dot files are nobody's business.
  if (type === undefined || /[\0\\:]/.test(path) || parts.some((part) => part === "" || part.startsWith(".")))
    throw new WsightError("NOT_FOUND");
  const accepted = ENCODINGS.filter(({ name }) => accepts(acceptEncoding, name));
  for (const { suffix, name } of [...accepted, { suffix: "", name: "" }]) {
    const body = await readInside(directory, join(...parts) + suffix);
    if (body === null) continue;
    const cacheControl = HASHED.test(path) ? "public, max-age=31536000, immutable" : "no-cache";
    return {
      bytes: { type, body },
      headers: {
        "cache-control": cacheControl,
        vary: "Accept-Encoding",
        ...(name === "" ? {} : { "content-encoding": name }),
      },
    };
  }
  throw new WsightError("NOT_FOUND");
}

/**
 * Serves the page itself: its placeholder `<base href="./">` becomes the place it is served from.
 * @throws WsightError `NOT_FOUND` when the dashboard was not built
 */
export async function servePage(directory: string, base: string): Promise<RouteReply> {
  const page = await readInside(directory, "index.html");
  if (page === null) throw new WsightError("NOT_FOUND", "The dashboard's files are missing; build the dashboard first");
  const body = page.toString("utf8").replace(/<base href="\.\/" ?\/?>/, `<base href="${base}">`);
  return { bytes: { type: "text/html; charset=utf-8", body }, headers: { "cache-control": "no-cache" } };
}

/** Reads a file, `null` when there is none or when links lead out of the directory. */
async function readInside(directory: string, path: string): Promise<Buffer | null> {
  try {
    const [root, file] = await Promise.all([realpath(directory), realpath(join(directory, path))]);
    return file.startsWith(root + sep) ? await readFile(file) : null;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "ELOOP"].includes(systemCode(error) ?? "")) return null;
    throw error;
  }
}

function accepts(header: string, encoding: string): boolean {
  return header.split(",").some((part) => {
    const [name, quality] = part.split(";").map((text) => text.trim());
    return name === encoding && !/^q=0(\.0*)?$/.test(quality ?? "");
  });
}

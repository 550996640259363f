import { WsightError } from "@wsight/protocol";
import type { Route } from "./route.ts";

/** A path pattern, compiled. */
interface Pattern {
  readonly expression: RegExp;
  readonly names: readonly string[];
}

/** A route and what its pattern took from the path. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The path and query of a request target, and nothing of its host: `//name/path` must not name another one. */
export function splitTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return { path, query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)) };
}

/** Where the page is. */
const PAGE = "/dashboard";

/**
 * The path of a route that is meant. The API is found below the page as well, `/dashboard/api/…`: where an application
 * shows the page on its own port, all else of `/api` may be its own.
 */
export function routePath(path: string): string {
  return path.startsWith(`${PAGE}/api/`) ? path.slice(PAGE.length) : path;
}

/**
 * Compiles a route table. `HEAD` is answered by the `GET` route.
 * @throws WsightError from the call: `NOT_FOUND`, or `METHOD_NOT_ALLOWED` with `details.allow`
 */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match {
  const compiled = routes.map((route) => ({ route, pattern: compile(route.path) }));
  return (method, path) => {
    const wanted = method === "HEAD" ? "GET" : method;
    const allow = new Set<string>();
    for (const { route, pattern } of compiled) {
      const params = match(pattern, path);
      if (params === null) continue;
      if (route.method === wanted) return { route, params };
      allow.add(route.method);
    }
    if (allow.size === 0) throw new WsightError("NOT_FOUND");
    if (allow.has("GET")) allow.add("HEAD");
    throw new WsightError("METHOD_NOT_ALLOWED", undefined, { details: { allow: [...allow].sort() } });
  };
}

function compile(path: string): Pattern {
  const names: string[] = [];
  const source = path
    .split("/")
    .filter((part) => part !== "")
    .map((part) => {
      if (part === "*") {
        names.push("*");
        return "/(.+)";
      }
      if (part.startsWith(":")) {
        names.push(part.slice(1));
        return "/([^/]+)";
      }
      return `/${part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`;
    })
    .join("");
  return { expression: new RegExp(`^${source}/?$`), names };
}

function match({ expression, names }: Pattern, path: string): Record<string, string> | null {
  const found = expression.exec(path);
  if (found === null) return null;
  try {
    return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1] ?? "")]));
  } catch {
    // A broken percent escape names nothing.
    return null;
  }
}

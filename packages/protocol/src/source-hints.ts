import type { DoctorFix } from "./doctor.ts";
import type { Finding } from "./link-frames.ts";
import type { CollectorRow, ComponentKind } from "./sources.ts";

/** A library that can be watched. */
export interface SourceLibrary {
  /** How the people who use it call it. */
  readonly title: string;
  /** What it is to the application; `null` for WebSocket servers. */
  readonly kind: ComponentKind | null;
  /** Under which name it is passed to `monitor`. */
  readonly target: string;
  /** First major version that is supported; `null` where there is none to speak of. */
  readonly least: number | null;
}

/** Libraries by their name in {@link Finding}. */
export const SOURCE_LIBRARIES: Readonly<Record<string, SourceLibrary>> = {
  "socket.io": { title: "Socket.IO", kind: null, target: "io", least: 4 },
  ws: { title: "ws", kind: null, target: "wss", least: 8 },
  express: { title: "Express", kind: "network", target: "app", least: 4 },
  fastify: { title: "Fastify", kind: "network", target: "app", least: 5 },
  hono: { title: "Hono", kind: "network", target: "app", least: 4 },
  http: { title: "http", kind: "network", target: "server", least: null },
  https: { title: "https", kind: "network", target: "server", least: null },
  pg: { title: "pg", kind: "database", target: "pool", least: 8 },
  prisma: { title: "Prisma", kind: "database", target: "prisma", least: 7 },
  ioredis: { title: "ioredis", kind: "cache", target: "redis", least: 5 },
  redis: { title: "node-redis", kind: "cache", target: "redis", least: 5 },
  "@upstash/redis": { title: "Upstash", kind: "cache", target: "redis", least: 1 },
};

/** Why a source has nothing to show, and what to do about it. */
export interface SourceHint {
  /** One line, without a full stop. */
  readonly title: string;
  readonly why: string;
  readonly fix: DoctorFix | null;
}

/** What is known of the processes in view. */
export interface SourceEvidence {
  /** Of all processes that are there. */
  readonly findings: readonly Finding[];
  readonly collectors: readonly CollectorRow[];
}

/**
 * Says why nothing is known of a database, cache, network or system, with the
 * lines to paste: the names that are passed already, and those that are
 * missing. The page and the doctor both say it in these words.
 */
export function sourceHint(kind: ComponentKind, evidence: SourceEvidence): SourceHint {
  const attached = evidence.findings.filter(({ library }) => SOURCE_LIBRARIES[library]?.kind === kind);
  if (kind === "system") return systemHint(evidence.collectors);
  if (attached.length === 0) return ABSENT[kind](evidence.findings);
  const partial = attached.find(({ state, notes }) => state === "partial" && notes.length > 0);
  const titles = attached.map(({ library, server }) => `${SOURCE_LIBRARIES[library]?.title ?? library} (${server})`);
  return {
    title: `${WORDS[kind]}: nothing happened yet`,
    why: `Watched: ${[...new Set(titles)].join(", ")}. ${partial?.notes.join(" · ") ?? `${QUIET[kind]} since.`}`,
    fix: partial === undefined ? null : ABSENT[kind](evidence.findings).fix,
  };
}

/**
 * The call of `monitor` with what is passed already and some more, e.g.
 * `await monitor({ io, pool });`. A server that was found through what listens
 * on it is not named: as `server` it would carry the dashboard too.
 */
export function monitorLine(findings: readonly Finding[], more: readonly string[]): string {
  const found = findings.map(({ library }) => SOURCE_LIBRARIES[library]?.target);
  const owners = ["io", "wss", "app"].some((target) => found.includes(target));
  const passed = found.filter((target) => target !== "server" || !owners);
  const names = Object.values(SOURCE_LIBRARIES)
    .map(({ target }) => target)
    .filter((target) => passed.includes(target) || more.includes(target));
  return `await monitor({ ${[...new Set(names)].join(", ")} });`;
}

const WORDS: Readonly<Record<ComponentKind, string>> = {
  database: "Database",
  cache: "Cache",
  network: "Network",
  system: "System",
};

const QUIET: Readonly<Record<Exclude<ComponentKind, "system">, string>> = {
  database: "Nothing was asked of it",
  cache: "Nothing was asked of it",
  network: "No request came in",
};

const ABSENT: Readonly<Record<Exclude<ComponentKind, "system">, (findings: readonly Finding[]) => SourceHint>> = {
  database: (findings) => ({
    title: "Database: none is watched",
    why: "Operations, their time and errors, and the pool are known of the clients that are passed to monitor().",
    fix: {
      text: "Pass your Pool of pg, or your PrismaClient with its extension",
      code: [
        "// pg",
        monitorLine(findings, ["pool"]),
        "",
        "// Prisma 7",
        'import { prismaExtension } from "wsight";',
        "const prisma = new PrismaClient({ adapter }).$extends(prismaExtension());",
        monitorLine(findings, ["prisma"]),
      ].join("\n"),
    },
  }),
  cache: (findings) => ({
    title: "Cache: none is watched",
    why: "Hits, misses, the time of commands and the server's memory are known of the clients that are passed to monitor().",
    fix: {
      text: "Pass your client of ioredis, redis or @upstash/redis",
      code: monitorLine(findings, ["redis"]),
    },
  }),
  network: (findings) => ({
    title: "Network: no HTTP server is watched",
    why: "Requests are counted of the applications and servers that are passed to monitor(), by the pattern of their route.",
    fix: {
      text: "Pass your application of Express, Fastify or Hono; or your http.Server, whose routes have no names",
      code: [
        "// Express, Fastify, Hono",
        monitorLine(findings, ["app"]),
        "",
        "// node:http",
        monitorLine(findings, ["server"]),
      ].join("\n"),
    },
  }),
};

function systemHint(collectors: readonly CollectorRow[]): SourceHint {
  const notes = collectors.flatMap(({ name, note }) => (note === null ? [] : [`${name}: ${note}`]));
  return {
    title: "System: the host tells nothing",
    why:
      notes.length > 0
        ? `${[...new Set(notes)].join(" · ")}.`
        : "The host is read from /proc on Linux, and by the package systeminformation elsewhere.",
    fix: { text: "On systems other than Linux, install what reads the host", code: "npm install systeminformation" },
  };
}

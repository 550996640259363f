import { asFields, asList, asText, type WsightAccess, WsightError } from "@wsight/protocol";

/** What is read of a node. */
export interface NodeFigures {
  readonly node: string;
  readonly connections: number | null;
  readonly cpu: number | null;
  /** ms, of the last ten seconds. */
  readonly loopLagP99: number | null;
}

const TIMEOUT_MS = 2000;
/** A hub hears of its nodes every second, and a bit. */
const SETTLE_MS = 1200;
const MAX_NODES = 10_000;

/** Reads a hub over HTTP. */
export class WsightApi {
  readonly #access: WsightAccess;

  constructor(access: WsightAccess) {
    this.#access = access;
  }

  /** Headers that say who asks. */
  get headers(): Readonly<Record<string, string>> {
    const { token } = this.#access;
    return token === null ? {} : { authorization: `Bearer ${token}` };
  }

  /** Address of a path of the hub. */
  urlOf(path: string): URL {
    const base = this.#access.url.replace(/^ws/, "http");
    return new URL(`.${path}`, base.endsWith("/") ? base : `${base}/`);
  }

  /** The processes that report. @throws WsightError `TARGET_FAILED` when the hub does not let us look */
  async nodes(): Promise<readonly NodeFigures[]> {
    const reply = await this.#get("/api/nodes");
    const rows = asList("BAD_FRAME", "nodes", asFields("BAD_FRAME", "reply", reply).nodes, MAX_NODES);
    return rows.map((row) => {
      const fields = asFields("BAD_FRAME", "node", row);
      const lag = numberOf(fields.loopLagP99);
      return {
        node: asText("BAD_FRAME", "node", fields.node, 512),
        connections: numberOf(fields.connections),
        cpu: numberOf(fields.cpu),
        loopLagP99: lag === null ? null : lag * 1000,
      };
    });
  }

  /** Connections of each node in quiet: those that just ended may be counted for a second. */
  async connectionsInQuiet(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const pauseMs of [0, SETTLE_MS]) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      for (const { node, connections } of await this.nodes())
        counts.set(node, Math.min(counts.get(node) ?? Number.POSITIVE_INFINITY, connections ?? 0));
    }
    return counts;
  }

  async #get(path: string): Promise<unknown> {
    const url = this.urlOf(path);
    let status: string;
    try {
      const reply = await fetch(url, { headers: this.headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (reply.ok) return await reply.json();
      status = `HTTP ${reply.status}`;
    } catch (cause) {
      throw new WsightError("TARGET_FAILED", `${url.href}: expected a wsight hub, got no answer`, { cause });
    }
    const hint = status === "HTTP 401" ? ". Make a token with: wsight token --role viewer --sub load" : "";
    throw new WsightError("TARGET_FAILED", `${url.href}: expected a wsight hub, got ${status}${hint}`);
  }
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

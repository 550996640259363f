import {
  type Backfill,
  decodeLiveBytes,
  parseJson,
  type Selector,
  selectorScale,
  type Tick,
  WsightError,
} from "@wsight/protocol";
import { findAddress, placeOf, wireTargetOf } from "../target.ts";
import { OPCODE } from "../wire/frames.ts";
import { createWireKit, WireSocket } from "../wire/wire-socket.ts";
import type { WsightApi } from "./wsight-api.ts";

/** How long a hub may take to tell, ms: its first whole tick is up to a second away. */
const TIMEOUT_MS = 4000;

/** What a hub knows of some series. */
export interface LiveSeries {
  /** The last 15 minutes, in base units; `null` when there is no past. */
  readonly past: Backfill | null;
  /** The newest values in base units, in the order of the selectors; NaN for none. */
  readonly values: Float64Array;
}

/**
 * Asks a hub once for series: their past and their newest values.
 * @throws WsightError `TARGET_FAILED` when it does not tell
 */
export async function readLiveSeries(api: WsightApi, series: readonly Selector[]): Promise<LiveSeries> {
  const url = api.urlOf("/ws/live");
  const target = {
    url: url.href,
    library: "ws",
    namespace: "/",
    auth: null,
    headers: api.headers,
    protocols: [],
    insecure: false,
  } as const;
  const address = await findAddress(placeOf(url.href));
  const scales = series.map(selectorScale);
  const kit = createWireKit();
  return new Promise((resolve, reject) => {
    let past: Backfill | null = null;
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(new WsightError("TARGET_FAILED", `${url.href}: expected figures of the server, got ${why}`));
    };
    const timer = setTimeout(() => {
      socket.abort();
      fail(`nothing within ${TIMEOUT_MS} ms`);
    }, TIMEOUT_MS);
    const hearBytes = (bytes: Buffer): void => {
      const told: Tick | Backfill = decodeLiveBytes(bytes, new Float64Array(series.length).fill(Number.NaN));
      if (told.type === "backfill") past ??= told;
      else {
        clearTimeout(timer);
        socket.close();
        const values = told.values.map((value, i) => value / (scales[i] ?? 1));
        const columns = past?.columns.map((column, i) => column.map((value) => value / (scales[i] ?? 1))) ?? [];
        resolve({ past: past === null ? null : { ...past, columns }, values });
      }
    };
    const socket = new WireSocket(wireTargetOf(target, address), {
      kit,
      localAddress: undefined,
      events: {
        opened: () => socket.send(kit.writer.text(JSON.stringify({ type: "subscribe", id: 1, series, tables: [] }))),
        message: (opcode, bytes) => {
          if (opcode === OPCODE.binary) hearBytes(Buffer.from(bytes));
          else if (isError(bytes.toString("utf8"))) {
            socket.close();
            fail(bytes.toString("utf8", 0, 300));
          }
        },
        closed: (reason) => fail(reason),
      },
    });
  });
}

function isError(text: string): boolean {
  const message = parseJson("BAD_FRAME", "live", text);
  return typeof message === "object" && message !== null && "type" in message && message.type === "error";
}

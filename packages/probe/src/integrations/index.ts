import type { Integration } from "../integration.ts";
import { http, https } from "./http.ts";
import { socketIo } from "./socket-io.ts";
import { ws } from "./ws.ts";

/** Every library wsight can watch, the more specific ones first. */
export const integrations: readonly Integration[] = [socketIo, ws, http, https];

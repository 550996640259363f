import type { LoadLibrary } from "@wsight/protocol";
import type { WireTarget } from "../wire/wire-socket.ts";
import type { DriverPlan, LoadDriver } from "./driver.ts";
import { createSocketIoDriver } from "./socket-io.ts";
import { createWsDriver } from "./ws.ts";

/** One driver for each library. */
export const DRIVERS: Readonly<Record<LoadLibrary, (plan: DriverPlan, target: WireTarget) => LoadDriver>> = {
  ws: createWsDriver,
  "socket.io": createSocketIoDriver,
};

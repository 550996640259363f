import type { IncomingMessage, Server } from "node:http";
import { forwardingKey } from "@wsight/hub/forwarded";
import { cover, uncover } from "@wsight/probe";
import type { AppServer } from "./app-server.ts";
import { type Claimant, claimPaths } from "./claim.ts";
import { hasOwnSocketIo } from "./own-socket-io.ts";
import { passRequest } from "./pass-request.ts";
import { passUpgrade } from "./pass-upgrade.ts";
import { createPassages, type Passages } from "./passage.ts";
import { refuseRequest, refuseUpgrade } from "./refusal.ts";
import { addressOf } from "./server-address.ts";
import { findWay } from "./way.ts";

/** How a dashboard is mounted. */
export interface MountParts {
  readonly app: AppServer;
  /** Socket.IO servers of the application that are known. */
  readonly ios: readonly object[];
  /** `/`, or a path without a slash at its end. */
  readonly mount: string;
  /** Where the hub is now; `null` while there is none, or somebody else might be there. */
  readonly hubUrl: () => string | null;
  /** Key that the hub knows too (`HubOptions.machineKey`), as it is now. */
  readonly machineKey: () => Uint8Array;
  /** Told of each request that is ours: it is none of the application's. */
  readonly taken: (request: IncomingMessage) => void;
  /** Told where the dashboard is each time the server begins to listen, and at once when it does already. */
  readonly onListening: (dashboardUrl: string) => void;
}

/** A mounted dashboard. */
export interface Mount {
  /** Where the dashboard is, `http://localhost:3000/dashboard`; `null` while the server does not listen on a port. */
  readonly url: string | null;
  /** Gives the server back as it was, and cuts what was being passed on; safe to call twice. */
  close(): void;
}

/**
 * Shows the hub's dashboard on the application's own server: what is asked of
 * our paths (see `mountedPath`) is passed on to the hub and back as it comes.
 * Nothing else is touched.
 * @throws WsightError `BAD_OPTION` for a server that can't be covered
 */
export function mountDashboard(parts: MountParts): Mount {
  const { app, mount, onListening } = parts;
  const key = (): Uint8Array => forwardingKey(parts.machineKey());
  const ends: (() => void)[] = [];
  const urlOf = (server: Server): string | null => {
    const address = addressOf(server);
    return address === null ? null : `${address}${mount === "/" ? "" : mount}/dashboard`;
  };
  const announce = (): void => {
    const url = urlOf(app.server);
    if (url !== null) onListening(url);
  };

  function claim(server: Server, listening: () => void): void {
    const passages = createPassages(() => server.listening);
    const claimant = createClaimant(parts, key, passages, listening);
    const end = claimPaths(server, mount, () => hasOwnSocketIo(server, parts.ios), claimant);
    ends.push(end, passages.close);
  }

  claim(app.server, announce);
  ends.push(
    eachOf(app.further, (server) => {
      if (server !== app.server) claim(server, () => undefined);
    }),
  );
  if (app.server.listening) announce();
  return {
    get url() {
      return urlOf(app.server);
    },
    close() {
      for (const end of ends.splice(0)) end();
    },
  };
}

function createClaimant(
  { hubUrl, taken }: MountParts,
  key: () => Uint8Array,
  passages: Passages,
  listening: () => void,
): Claimant {
  return {
    listening,
    request(request, response, target) {
      taken(request);
      const way = findWay(key(), hubUrl(), request, target);
      if (way === null) refuseRequest(response, "away");
      else passRequest(way, passages, request, response);
    },
    upgrade(request, socket, head, target) {
      const way = findWay(key(), hubUrl(), request, target);
      socket.on("error", () => socket.destroy());
      if (way === null) refuseUpgrade(socket, "away");
      else passUpgrade(way, passages, { request, socket, head });
    },
  };
}

/** Sees what is in a list and what is added to it later; returns how to end that. */
function eachOf<T>(list: T[], see: (item: T) => void): () => void {
  list.forEach(see);
  const before = Object.getOwnPropertyDescriptor(list, "push");
  function push(this: T[], ...items: T[]): number {
    items.forEach(see);
    return Array.prototype.push.apply(this, items);
  }
  cover(list, "push", push);
  return () => uncover(list, "push", push, before);
}

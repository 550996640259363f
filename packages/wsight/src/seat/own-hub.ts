import { randomBytes } from "node:crypto";
import type { HubOptions } from "@wsight/hub";
import { createPortLink, type Probe } from "@wsight/probe";
import { createHubSupervisor, type HubEvent, type HubSupervisor, type SupervisorParts } from "../hub-supervisor.ts";
import type { ResolvedOptions } from "../resolve-options.ts";

/** What a hub in this process works with. */
export interface OwnHubParts {
  /** Linked to the hub over a port; `null` for a hub that is alone in its process. */
  readonly probe: Probe | null;
  readonly authenticate: SupervisorParts["authenticate"];
  readonly onError: ResolvedOptions["onError"];
}

/** A hub that runs, or may run, in a worker thread of this process. */
export interface OwnHub extends HubSupervisor {
  /** Code of its one-time sign-in link. */
  readonly code: string;
}

/** Makes one, not started yet. `onEvent` hears what happens to it afterwards; its failures have been told. */
export function createOwnHub(parts: OwnHubParts, hub: HubOptions, onEvent: (event: HubEvent) => void): OwnHub {
  const { probe, authenticate, onError } = parts;
  const code = randomBytes(18).toString("base64url");
  const supervisor = createHubSupervisor({
    entry: new URL(import.meta.resolve("@wsight/hub/worker")),
    hub,
    code,
    link: (port) => {
      if (probe !== null) return probe.connect(createPortLink(port));
      port.close();
      return () => undefined;
    },
    authenticate,
    onTrouble: (message, stage) => onError(new Error(message), { stage, source: "hub" }),
    onEvent: (event) => {
      if (event.type === "down")
        onError(describeEnd(event.reason, event.retryInMs), { stage: "hub-worker", source: "hub" });
      onEvent(event);
    },
  });
  return { ...bound(supervisor), code };
}

function bound(supervisor: HubSupervisor): HubSupervisor {
  return {
    prepare: (rehearse) => supervisor.prepare(rehearse),
    start: (changes) => supervisor.start(changes),
    close: () => supervisor.close(),
  };
}

function describeEnd(reason: string, retryInMs: number): Error {
  const seconds = (retryInMs / 1000).toFixed(1);
  return new Error(`ended: ${reason}. The application goes on; the hub restarts in ${seconds} s`);
}

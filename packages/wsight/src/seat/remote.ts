import { createRemoteLink, type Probe } from "@wsight/probe";
import type { Announcer } from "../announcer.ts";
import type { ResolvedOptions } from "../resolve-options.ts";
import { pageUrl } from "./hub-address.ts";
import { createLinkReport } from "./link-report.ts";

/** What leads to a hub elsewhere. */
export interface RemoteParts {
  readonly probe: Probe;
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly token: string;
  readonly announcer: Announcer | null;
  readonly onError: ResolvedOptions["onError"];
}

/**
 * Links the probe to a hub that runs elsewhere, and keeps the link up. Nothing
 * is started here, and nothing waits for the hub to be there.
 * @throws WsightError `BAD_OPTION` for an address that is none
 */
export function linkToRemote(parts: RemoteParts): {
  readonly url: string;
  readonly code: null;
  close(): Promise<void>;
} {
  const { probe, token, announcer, onError } = parts;
  const url = pageUrl(parts.url);
  const report = createLinkReport({
    url,
    patienceMs: 0,
    onLost: (error) => onError(error, { stage: "link", source: "hub" }),
    onFound: () => announcer?.say("hub", `found again at ${url}`),
  });
  const link = createRemoteLink({ url: parts.url, token: () => token, onState: (state) => report.hear(state) });
  const disconnect = probe.connect(link);
  return {
    url,
    code: null,
    close() {
      report.close();
      disconnect();
      return Promise.resolve();
    },
  };
}

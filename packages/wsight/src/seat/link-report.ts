import type { RemoteLinkState } from "@wsight/probe";

/** Who hears how a link does. */
export interface LinkReportParts {
  /** The address of the hub, for people. */
  readonly url: string;
  /** A link that is back within this, ms, was never told to be lost. */
  readonly patienceMs: number;
  readonly onLost: (error: Error) => void;
  readonly onFound: () => void;
}

/** Tells once that a hub was lost, with the reason, and once that it was found again. */
export interface LinkReport {
  hear(state: Pick<RemoteLinkState, "phase" | "lastError">): void;
  close(): void;
}

/** Makes a report of one link, or of several that follow each other. */
export function createLinkReport({ url, patienceMs, onLost, onFound }: LinkReportParts): LinkReport {
  let timer: NodeJS.Timeout | undefined;
  let told = false;
  let reason: string | null = null;

  function tell(): void {
    told = true;
    onLost(
      new Error(
        `no link to the hub at ${url}: ${reason}. The application goes on; what it measures meanwhile is a gap`,
      ),
    );
  }

  function found(): void {
    clearTimeout(timer);
    timer = undefined;
    if (told) onFound();
    told = false;
  }

  return {
    hear({ phase, lastError }) {
      if (phase === "open") found();
      if (phase !== "waiting" || told) return;
      reason = lastError;
      if (patienceMs === 0) tell();
      else timer ??= setTimeout(tell, patienceMs).unref();
    },
    close: () => clearTimeout(timer),
  };
}

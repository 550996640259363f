/** Time as the connection sees it; tests drive one by hand. */
export interface Clock {
  /** This machine's time, ms epoch. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Runs once before the next paint; never while the tab is hidden. */
  requestFrame(run: () => void): unknown;
  cancelFrame(frame: unknown): void;
  /** From 0 up to 1. */
  random(): number;
}

/** Whether somebody can see the page, and whether the machine has a network. */
export interface Attention {
  hidden(): boolean;
  /** Calls back when `hidden()` changed; returns the way to stop. */
  onVisibility(run: () => void): () => void;
  /** Calls back when the network came back; returns the way to stop. */
  onOnline(run: () => void): () => void;
}

/** Where a one-time code arrives: the hash of the page's address. */
export interface AddressBar {
  /** With its `#`, or empty. */
  hash(): string;
  /** Takes the hash out of the address and of the history entry. */
  clearHash(): void;
}

/** The part of `fetch` that is used. */
export type FetchLike = (input: string, init: RequestInit) => Promise<Response>;

/** The browser's own clock. */
export function browserClock(): Clock {
  return {
    now: () => Date.now(),
    setTimeout: (run, delayMs) => setTimeout(run, delayMs),
    clearTimeout: (timer) => clearTimeout(timer as number),
    requestFrame: (run) => requestAnimationFrame(run),
    cancelFrame: (frame) => cancelAnimationFrame(frame as number),
    random: () => Math.random(),
  };
}

/** Attention as the browser's document and window tell it. */
export function browserAttention(): Attention {
  return {
    hidden: () => document.hidden,
    onVisibility: (run) => listen(document, "visibilitychange", run),
    onOnline: (run) => listen(window, "online", run),
  };
}

/** The browser's address bar. */
export function browserAddressBar(): AddressBar {
  return {
    hash: () => location.hash,
    // The whole address, because a relative one would follow the page's <base>.
    clearHash: () => history.replaceState(history.state, "", location.href.split("#", 1)[0]),
  };
}

function listen(target: EventTarget, type: string, run: () => void): () => void {
  target.addEventListener(type, run);
  return () => target.removeEventListener(type, run);
}

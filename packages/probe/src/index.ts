export type { OnError, Stage } from "./guard.ts";
export type { ProbeLink } from "./links/link.ts";
export { createPortLink, MAX_UNACKNOWLEDGED } from "./links/port-link.ts";
export { type Attachment, createProbe, type Probe } from "./probe.ts";
export type { ProbeCaps, ProbeOptions } from "./probe-options.ts";
export { type Redact, redactSecrets } from "./redact.ts";
export type { TrackApi, TrackedConnection, TrackedConnectionSnake } from "./track.ts";

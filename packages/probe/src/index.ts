export type { Attachment } from "./attachments.ts";
export type { OnError, Stage } from "./guard.ts";
export type { DescribedJob, JobDescription, JobOptions } from "./job-options.ts";
export type {
  BeatingWorker,
  FailedJob,
  JobCalls,
  JobOf,
  JobWithWorker,
  QueuedDocument,
  QueuedJob,
} from "./jobs/job-calls.ts";
export { MAX_UNACKNOWLEDGED } from "./links/hub-words.ts";
export type { ProbeLink } from "./links/link.ts";
export type { LinkTiming } from "./links/link-timing.ts";
export { createPortLink } from "./links/port-link.ts";
export {
  createRemoteLink,
  type RemoteLink,
  type RemoteLinkOptions,
  type RemoteLinkState,
} from "./links/remote-link.ts";
export { type PrismaExtension, prismaExtension } from "./prisma-extension.ts";
export { createProbe, type Probe } from "./probe.ts";
export { HOST_SOURCES, type HostSourceOption, type ProbeCaps, type ProbeOptions } from "./probe-options.ts";
export { type Redact, redactSecrets } from "./redact.ts";
export { behind, cover, uncover } from "./shadow.ts";
export type { TrackApi, TrackedConnection, TrackedConnectionSnake } from "./track.ts";

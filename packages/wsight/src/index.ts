export type { Principal, Role } from "@wsight/hub";
export {
  type DescribedJob,
  type JobDescription,
  type JobOptions,
  type PrismaExtension,
  type Probe,
  prismaExtension,
} from "@wsight/probe";
export { type ErrorCode, type Finding, type Summary, WsightError } from "@wsight/protocol";
export { type Monitor, monitor } from "./monitor.ts";
export type { MonitorOptions, MonitorRequest, MonitorStage, MonitorTargets } from "./monitor-options.ts";
export { type UserTokenOptions, userToken } from "./user-token.ts";

export { type Monitor, monitor } from "./monitor.ts";
export type { MonitorOptions, MonitorRequest, MonitorStage, MonitorTargets } from "./monitor-options.ts";

export { type Principal, ROLES, type Role } from "./access/principal.ts";
export { type Clock, systemClock } from "./clock.ts";
export { type Current, type CurrentOptions, type CurrentStats, createCurrent } from "./current.ts";
export type { CompiledSelectors, CurrentView, SeriesState } from "./current-view.ts";
export type { Access, Route, RouteReply, RouteRequest } from "./http/route.ts";
export { createIngest, type Ingest, type IngestLink, type IngestOptions, type IngestStats } from "./ingest.ts";
export type { Sample, Store, StoreQuery, StoreStats } from "./store/store.ts";

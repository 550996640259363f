export { type Principal, ROLES, type Role } from "./access/principal.ts";
export type { CompiledSelectors, CurrentView, SeriesState } from "./current-view.ts";
export type { Access, Route, RouteReply, RouteRequest } from "./http/route.ts";
export type { Sample, Store, StoreQuery, StoreStats } from "./store/store.ts";

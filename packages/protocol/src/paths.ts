/**
 * Paths that wsight answers below the place where it is mounted: each one, and
 * everything below it. An application's server hands over just these.
 */
export const MOUNTED_PATHS: readonly string[] = [
  "/dashboard",
  "/api/session",
  "/api/websocket/metrics",
  "/api/nodes",
  "/api/connections",
  "/api/audit",
  "/api/doctor",
  "/api/live",
  "/api/openapi.json",
  "/ws/live",
  "/ws/probe",
];

/**
 * What a request's path means to a mounted wsight.
 * @param mount where it is mounted: `/`, or a path without a slash at its end
 * @returns the path as the hub knows it, or `null` when it is the application's
 */
export function mountedPath(mount: string, path: string): string | null {
  const base = mount === "/" ? "" : mount;
  if (!path.startsWith(`${base}/`)) return null;
  const own = path.slice(base.length);
  return MOUNTED_PATHS.some((known) => own === known || own.startsWith(`${known}/`)) ? own : null;
}

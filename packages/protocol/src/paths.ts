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
  "/api/tests",
  "/api/live",
  "/api/processes",
  "/api/history",
  "/api/dashboard",
  "/api/grafana",
  "/metrics",
  "/prometheus",
  "/api/openapi.json",
  "/ws/live",
  "/ws/probe",
  "/ws/metrics",
  "/ws/jobs",
  "/socket.io",
];

/** Where Socket.IO is found in any case when all else is at the top, where an application may have its own. */
const ASIDE = "/wsight";
const ASIDE_SOCKET_IO = /^\/wsight\/socket\.io\/?$/;

/** One test instead of a comparison for each path: every request of an application passes it. */
const OWN: RegExp = new RegExp(`^(?:${MOUNTED_PATHS.map((path) => path.replaceAll(".", "\\.")).join("|")})(?:/|$)`);

/**
 * What a request's path means to a mounted wsight.
 * @param mount where it is mounted: `/`, or a path without a slash at its end
 * @returns the path as the hub knows it, or `null` when it is the application's
 */
export function mountedPath(mount: string, path: string): string | null {
  if (mount === "/" && ASIDE_SOCKET_IO.test(path)) return path.slice(ASIDE.length);
  const own = mount === "/" ? path : path.startsWith(mount) ? path.slice(mount.length) : "";
  return OWN.test(own) ? own : null;
}

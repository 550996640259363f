import type { Exposition } from "../../prometheus/exposition.ts";
import { CONTENT_TYPES, chooseFormat, takesGzip } from "../../prometheus/negotiate.ts";
import type { Route } from "../route.ts";

/** Figures for Prometheus and whatever reads its formats. */
export function metricsRoute(exposition: Exposition): Route {
  return {
    method: "GET",
    path: "/metrics",
    access: "viewer",
    summary:
      "Newest figures of all processes for Prometheus: OpenMetrics text, text 0.0.4, or protobuf with native histograms",
    handle: async ({ raw: { headers } }) => {
      const format = chooseFormat(headers.accept);
      const compressed = takesGzip(String(headers["accept-encoding"] ?? ""));
      const body = await exposition.scrape(format, compressed);
      return {
        bytes: { type: CONTENT_TYPES[format], body },
        headers: {
          vary: "accept, accept-encoding",
          ...(compressed ? { "content-encoding": "gzip" } : {}),
        },
      };
    },
  };
}

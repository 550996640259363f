import { MAX_VIEWER_MESSAGE } from "@wsight/protocol";
import type { Route } from "../route.ts";
import type { LiveStreams } from "./live-streams.ts";

/** Opens a live session over server-sent events. */
export function liveRoute(streams: LiveStreams): Route {
  return {
    method: "GET",
    path: "/api/live",
    access: "viewer",
    summary: "Live metrics as server-sent events, for where WebSockets do not get through",
    handle: (request) => streams.open(request),
  };
}

/** Takes what the viewer of such a session says. */
export function liveSayRoute(streams: LiveStreams): Route {
  return {
    method: "POST",
    path: "/api/live/:session",
    access: "viewer",
    summary: "A viewer's message of a live session over server-sent events",
    answers: 204,
    maxBodyBytes: MAX_VIEWER_MESSAGE,
    handle: (request) => streams.say(request),
  };
}

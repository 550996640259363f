import type { Sessions } from "../../access/session.ts";
import type { Route } from "../route.ts";

/** Ends the session, its live connections included. */
export function signOutRoute(sessions: Sessions, closeLive: (sessionId: string) => void): Route {
  return {
    method: "DELETE",
    path: "/api/session",
    access: "user",
    summary: "Sign out",
    answers: 204,
    handle: ({ sessionId, client }) => {
      if (sessionId !== null) {
        sessions.end(sessionId);
        closeLive(sessionId);
      }
      return { status: 204, headers: { "set-cookie": sessions.clearCookie(client.secure) } };
    },
  };
}

import type { Doctor } from "../../doctor.ts";
import type { Route } from "../route.ts";

/** What was found, what is missing and the line to paste, why a panel is empty, and what production needs. */
export function doctorRoute(doctor: Doctor): Route {
  return {
    method: "GET",
    path: "/api/doctor",
    access: "viewer",
    summary: "What was found, what is missing, why panels are empty, and what production needs; worst first",
    handle: ({ client, principal, sessionId, expiresAt }) => ({
      json: doctor.examine({ client, sub: principal?.sub ?? "", tokenUntil: sessionId === null ? expiresAt : null }),
    }),
  };
}

/**
 * What a principal may do: `admin` everything, `viewer` read all, `user` only its own jobs,
 * `probe` nothing but write figures as the service that its subject names, and tell of jobs.
 */
export const ROLES = ["admin", "viewer", "user", "probe"] as const;
export type Role = (typeof ROLES)[number];

/** Who is asking, once verified. */
export interface Principal {
  /** Subject: stable id of the person or program. */
  readonly sub: string;
  readonly role: Role;
  /** Queues whose jobs, workers and figures it may tell of; read of role `probe` alone. @default every queue */
  readonly queues?: readonly string[];
}

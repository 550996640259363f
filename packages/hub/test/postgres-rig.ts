import { randomBytes } from "node:crypto";
import { type PostgresServer, startPostgres } from "@wsight/testkit";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";

/** One PostgreSQL for the tests of a file. */
export function usePostgres(): () => PostgresServer {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());
  return () => {
    if (server === undefined) throw new Error("the server is there once beforeAll has run");
    return server;
  };
}

/** Runs statements as the superuser, in one database or that of the server. */
export async function runSql(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  // A server that a test ends takes its connections along.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** An empty database of that name, made when it is missing; answers with its URL. */
export async function makeDatabase(
  server: PostgresServer,
  name = `d${randomBytes(8).toString("hex")}`,
): Promise<string> {
  await runSql(server.url, `CREATE DATABASE "${name}"`).catch((error: { code?: string }) => {
    if (error.code !== "42P04") throw error;
  });
  return server.url.replace(/postgres$/, name);
}

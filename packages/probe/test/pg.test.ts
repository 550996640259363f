import { databaseContract, findPostgres } from "@wsight/testkit";
import { describe } from "vitest";
import { openPool, prepare, watchDatabase } from "./database-support.ts";

describe.skipIf(findPostgres() === null)("pools of pg (needs PostgreSQL)", () => {
  databaseContract(
    {
      library: "pg",
      async open(server) {
        const pool = openPool(server);
        return {
          target: pool,
          read: async (label) => (await pool.query("SELECT * FROM item WHERE label = $1", [label])).rows,
          write: (label) => pool.query(`INSERT INTO item (label) VALUES ('${label}')`),
          async transaction(labels) {
            const client = await pool.connect();
            try {
              await client.query("BEGIN");
              for (const label of labels) await client.query("INSERT INTO item (label) VALUES ($1)", [label]);
              await client.query("COMMIT");
            } catch (error) {
              await client.query("ROLLBACK");
              throw error;
            } finally {
              client.release();
            }
          },
          sleep: (seconds) => pool.query("SELECT pg_sleep($1)", [seconds]),
          close: () => pool.end(),
        };
      },
      names: { read: "SELECT", write: "INSERT", sleep: "SELECT" },
      duplicate: "23505",
    },
    watchDatabase,
    prepare,
  );
});

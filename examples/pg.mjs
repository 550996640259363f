// A web server whose PostgreSQL pool is watched.
//   DATABASE_URL=postgres://… node examples/pg.mjs    then open the link it prints, and http://127.0.0.1:8080
import { createServer } from "node:http";
import pg from "pg";
import { monitor } from "wsight";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5000 });
pool.on("error", (error) => console.error("a connection was lost:", error.message));
await pool.query(
  "CREATE TABLE IF NOT EXISTS wsight_example_visit (id serial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
);

const server = createServer(async (_request, response) => {
  await pool.query("INSERT INTO wsight_example_visit DEFAULT VALUES");
  const { rows } = await pool.query("SELECT count(*) AS visits FROM wsight_example_visit");
  response.end(`visits: ${rows[0].visits}\n`);
});
server.listen(8080, "127.0.0.1");

await monitor({ server, pool }, { service: "visits" });

import { basename } from "node:path";
import { openAlertTables } from "@wsight/hub";
import { alertTablesContract } from "@wsight/testkit";
import { makeDatabase, usePostgres } from "./postgres-rig.ts";

const server = usePostgres();

alertTablesContract("PostgreSQL", {
  open: async (dir, now) =>
    openAlertTables({
      place: { engine: "postgres", url: await makeDatabase(server(), basename(dir)), hub: "one" },
      now,
    }),
});

import { openAlertTables } from "@wsight/hub";
import { alertTablesContract } from "@wsight/testkit";

alertTablesContract("libsql", {
  open: (dataDir, now) => openAlertTables({ place: { engine: "libsql", dataDir }, now }),
});

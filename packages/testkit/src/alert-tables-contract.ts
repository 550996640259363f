import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AlertTables } from "@wsight/hub";
import { afterEach, beforeEach, describe } from "vitest";
import { outboxContract } from "./alert-contract-outbox.ts";
import { setupContract } from "./alert-contract-setup.ts";
import { statesContract } from "./alert-contract-states.ts";
import type { AlertRig } from "./alert-rig.ts";
import { ALERT_START_AT } from "./alert-samples.ts";
import { createHandClock } from "./hand-clock.ts";

/** How tables take part in the contract. */
export interface AlertTablesContract {
  /** Opens the tables that keep what they hold in (or under the name of) `dir`; several may at once. */
  readonly open: (dir: string, now: () => number) => Promise<AlertTables>;
}

/** What tables of rules, states and notices promise, as tests. Call it at the top level of a test file. */
export function alertTablesContract(name: string, contract: AlertTablesContract): void {
  describe(`${name} keeps the contract of alert tables`, () => {
    let dir = "";
    let opened: AlertTables[] = [];
    let clock = createHandClock(ALERT_START_AT);
    const open = async (): Promise<AlertTables> => {
      const tables = await contract.open(dir, () => clock.now());
      opened.push(tables);
      return tables;
    };

    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), "wsight-alerts-"));
      clock = createHandClock(ALERT_START_AT);
      opened = [];
      await open();
    });
    afterEach(async () => {
      await Promise.all(opened.map((tables) => tables.close()));
      await rm(dir, { recursive: true, force: true });
    });

    const rig: AlertRig = {
      get tables() {
        const [tables] = opened;
        if (tables === undefined) throw new Error("tables are open while a test runs");
        return tables;
      },
      get clock() {
        return clock;
      },
      async reopen() {
        await Promise.all(opened.map((tables) => tables.close()));
        opened = [];
        await open();
      },
      another: open,
    };
    setupContract(rig);
    statesContract(rig);
    outboxContract(rig);
  });
}

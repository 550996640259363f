import { backupCommand } from "./backup.ts";
import type { Command } from "./command.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { echoCommand } from "./echo.ts";
import { exportCommand } from "./export.ts";
import { createHelpCommand } from "./help.ts";
import { hubCommand } from "./hub.ts";
import { importCommand } from "./import.ts";
import { loadCommand } from "./load.ts";
import { poolCommand } from "./pool.ts";
import { testCommand } from "./test.ts";
import { tokenCommand } from "./token.ts";
import { versionCommand } from "./version.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  demoCommand,
  hubCommand,
  tokenCommand,
  doctorCommand,
  loadCommand,
  echoCommand,
  testCommand,
  poolCommand,
  exportCommand,
  importCommand,
  backupCommand,
  createHelpCommand(() => COMMANDS),
  versionCommand,
];

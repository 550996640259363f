import type { BlockRange, BlockRow, BlockTables, OtherWriter, TablesContent } from "../block-tables.ts";

/** What is not done to the tables of another. */
function refuse(): Promise<never> {
  return Promise.reject(new Error("the tables of another writer are only read"));
}

/** Another writer's part of a shared database, to be read as if it were all there is. */
export function otherTables(tables: BlockTables, other: OtherWriter): BlockTables {
  const { writer, head, segments, notes } = other;
  return {
    open: async (): Promise<TablesContent> => ({ series: [], head, segments, notes }),
    readBlocks: (range: BlockRange): Promise<readonly BlockRow[]> => tables.readBlocks({ ...range, writer }),
    nextOld: async () => null,
    addSeries: refuse,
    write: refuse,
    dropBlocks: refuse,
    dropSeries: refuse,
    appendEvents: refuse,
    readEvents: refuse,
    dropEvents: refuse,
    sizes: refuse,
    backup: refuse,
    close: async () => undefined,
  };
}

import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { Icon } from "../components/icon.tsx";
import { Menu } from "../components/menu.tsx";

/** The numbers of a chart, newest first. */
export interface ChartTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly {
    readonly at: number;
    readonly label: string;
    readonly values: readonly (number | string | null)[];
    readonly texts: readonly string[];
  }[];
}

interface ChartMenuProps {
  readonly title: string;
  /** Takes the numbers when somebody asks for them. */
  readonly table: () => ChartTable;
}

/** What can be done with a chart. */
export function ChartMenu({ title, table }: ChartMenuProps): VNode {
  const app = useApp();
  return (
    <span class="card-more">
      <Menu
        label={title}
        buttonLabel={`${title}: more`}
        buttonClass="button"
        buttonKind="bare"
        items={[
          {
            label: "View data table",
            icon: "table",
            run: () => {
              const { columns, rows } = table();
              app.dataTable.value = {
                title,
                columns: ["Time", ...columns],
                rows: rows.map(({ label, texts }) => [label, ...texts]),
              };
            },
          },
          {
            label: "Copy link",
            icon: "link",
            run: () => app.copy(app.route.linkTo("live", app.live.now.peek()), "Link"),
          },
          {
            label: "Download CSV",
            icon: "download",
            run: () => {
              const { columns, rows } = table();
              const cells = rows.map(({ at, values }) => [new Date(at).toISOString(), ...values]);
              // The numbers are those of the moment; how to write them is fetched when it is first wanted.
              import("../format/csv.ts").then(
                ({ downloadCsv }) => downloadCsv(title, ["time", ...columns], cells),
                reportError,
              );
            },
          },
        ]}
      >
        <Icon name="more" />
      </Menu>
    </span>
  );
}

import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icon.tsx";
import type { DataTable } from "./table-data.ts";

const PAGE_ROWS = 25;

/** A chart's numbers in a real, paged table. */
export function DataTableDialog({ table }: { readonly table: DataTable }): VNode {
  const app = useApp();
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(table.rows.length / PAGE_ROWS));
  const rows = table.rows.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS);
  return (
    <Dialog
      title={table.title}
      onClose={() => {
        app.dataTable.value = null;
      }}
    >
      <div class="dialog-body">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <section class="data-table" aria-label={table.title} tabIndex={0}>
          <table class="rows">
            <thead>
              <tr>
                {table.columns.map((column, index) => (
                  <th key={column} scope="col" class={index === 0 ? "" : "num"}>
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((cells) => (
                <tr key={cells[0]}>
                  {cells.map((cell, index) =>
                    index === 0 ? (
                      <th key={table.columns[index]} scope="row">
                        {cell}
                      </th>
                    ) : (
                      <td key={table.columns[index]} class="num">
                        {cell}
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        <div class="pager">
          <span role="status">
            Page {page + 1} of {pages}
          </span>
          <PageButton label="Newer rows" icon="newer" disabled={page === 0} onClick={() => setPage(page - 1)} />
          <PageButton label="Older rows" icon="older" disabled={page >= pages - 1} onClick={() => setPage(page + 1)} />
        </div>
      </div>
    </Dialog>
  );
}

interface PageButtonProps {
  readonly label: string;
  readonly icon: "newer" | "older";
  readonly disabled: boolean;
  readonly onClick: () => void;
}

function PageButton({ label, icon, disabled, onClick }: PageButtonProps): VNode {
  return (
    <button type="button" class="button" disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
      {label}
    </button>
  );
}

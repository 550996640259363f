import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { Icon } from "../components/icon.tsx";
import type { IconName } from "../components/icons.ts";
import { Menu } from "../components/menu.tsx";
import type { ChartAction, ChartMenuProps } from "./chart-table.ts";

type Item = readonly [label: string, icon: IconName, action: ChartAction];

const READ: readonly Item[] = [["View data table", "table", "view"]];
const OPEN: Item = ["Open in History", "history", "open"];
const ALERT: Item = ["Create alert from here", "bell", "alert"];
const COMPARE: Item = ["Compare with previous", "split", "compare"];
const TAKE: readonly Item[] = [
  ["Copy link to this moment", "link", "copyMoment"],
  ["Copy always-live link", "link", "copyLive"],
  ["Download CSV", "download", "saveCsv"],
  ["Download JSON", "download", "saveJson"],
  ["Download PNG", "image", "savePng"],
];

/** What can be done with a chart. */
export function ChartMenu(props: ChartMenuProps): VNode {
  const { title, table, selectors = [], figures = [] } = props;
  const app = useApp();
  const host = useRef<HTMLSpanElement>(null);
  const past = selectors.length > 0 ? [OPEN, COMPARE] : figures.length > 0 ? [COMPARE] : [];
  const alert = past.length > 0 && app.live.principal.value?.role === "admin" ? [ALERT] : [];
  const items = [...READ, ...past, ...alert, ...TAKE];
  const run = (action: ChartAction) => {
    // The numbers are those of the moment; what is done with them is fetched when it is first wanted.
    const taken = table();
    import("./chart-actions.ts").then(
      ({ runChartAction }) => runChartAction(action, app, props, taken, host.current),
      reportError,
    );
  };
  return (
    <span class="card-more" ref={host}>
      <Menu
        label={title}
        buttonLabel={`${title}: more`}
        buttonClass="button"
        buttonKind="bare"
        items={items.map(([label, icon, action]) => ({ label, icon, run: () => run(action) }))}
      >
        <Icon name="more" />
      </Menu>
    </span>
  );
}

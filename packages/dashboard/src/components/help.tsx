import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { Dialog } from "./dialog.tsx";
import { commandKey } from "./header.tsx";

const NAMES: Readonly<Record<string, string>> = { space: "Space", escape: "Esc", "mod+": commandKey() };

/** Shortcuts, as they are registered, and the keys of a focused chart. */
export function HelpDialog(): VNode {
  const app = useApp();
  const shortcuts = app.keyboard.shortcuts.value;
  const groups = [...new Set(shortcuts.map(({ group }) => group))];
  const close = () => {
    app.dialog.value = null;
  };
  return (
    <Dialog title="Keyboard shortcuts" onClose={close}>
      <div class="dialog-body">
        {app.preferences.singleKeys.value ? null : <p>Single keys are switched off in Settings.</p>}
        {groups.map((group) => (
          <section key={group}>
            <h3 class="card-note">{group}</h3>
            <dl class="keys">
              {shortcuts
                .filter((shortcut) => shortcut.group === group)
                .map(({ label, keys }) => (
                  <Keys key={label} label={label} ways={keys} />
                ))}
            </dl>
          </section>
        ))}
        <section>
          <h3 class="card-note">In a chart</h3>
          <dl class="keys">
            <Keys label="Step a second, ten with Shift" ways={["← →"]} />
            <Keys label="Next line" ways={["↑ ↓"]} />
            <Keys label="First and last point" ways={["Home End"]} />
            <Keys label="Pin the cursor, let it go" ways={["Enter Esc"]} />
          </dl>
        </section>
        <section>
          <h3 class="card-note">In the list of connections</h3>
          <dl class="keys">
            <Keys label="Next row, next page" ways={["↑ ↓", "PgUp PgDn"]} />
            <Keys label="First and last row" ways={["Home End"]} />
            <Keys label="Look closely at one" ways={["Enter"]} />
          </dl>
        </section>
      </div>
    </Dialog>
  );
}

function Keys({ label, ways }: { readonly label: string; readonly ways: readonly string[] }): VNode {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {ways
          .flatMap((way) => way.split(" "))
          .map((key) => (
            <kbd key={key}>{keyName(key)}</kbd>
          ))}
      </dd>
    </>
  );
}

function keyName(key: string): string {
  if (key.startsWith("mod+")) return commandKey() + keyName(key.slice(4));
  return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

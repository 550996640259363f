import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { Icon } from "./icon.tsx";

/**
 * A component whose code is fetched when it is first shown; until then it
 * shows nothing. Code that does not come, most often since a newer version
 * took the place of the page while it was open, is said instead.
 * @param place where that is said: where the component would stand, or in passing where it is not part of a page
 */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  place: "page" | "shell" = "page",
): ComponentType<Props> {
  return function Lazy(props: Props): VNode | null {
    const { toasts } = useApp();
    const [part, setPart] = useState<{ readonly Component: ComponentType<Props> | null } | null>(null);
    useEffect(() => {
      load().then(
        (Component) => setPart({ Component }),
        () => {
          if (place === "page") setPart({ Component: null });
          else toasts.show("A part of the page could not be loaded. It may have been updated: reload it", "crit");
        },
      );
    }, []);
    if (part === null) return null;
    return part.Component === null ? <Unloadable /> : <part.Component {...props} />;
  };
}

function Unloadable(): VNode {
  return (
    <div class="card empty" role="status">
      <Icon name="retry" />
      <b>This part could not be loaded</b>
      <p>The page may have been updated while it was open, or the hub is away.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}

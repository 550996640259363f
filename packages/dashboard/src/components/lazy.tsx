import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { Icon } from "./icon.tsx";

/** How long until what is not said is tried again. */
const AGAIN_MS = 3_000;

/**
 * A component whose code is fetched when it is first shown; until then it
 * shows nothing. Code that does not come, most often since a newer version
 * took the place of the page while it was open, is said instead.
 * @param place where that is said: where the component would stand, in passing where it is not part of a page, or not at
 * all (`aside`) where it only adds to what the page says of the same trouble; it is then tried again
 */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  place: "page" | "shell" | "aside" = "page",
): ComponentType<Props> {
  return function Lazy(props: Props): VNode | null {
    const { toasts } = useApp();
    const [part, setPart] = useState<{ readonly Component: ComponentType<Props> | null } | null>(null);
    useEffect(() => {
      let again: ReturnType<typeof setTimeout> | undefined;
      const fetch = (): void => {
        load().then(
          (Component) => setPart({ Component }),
          () => {
            if (place === "page") setPart({ Component: null });
            else if (place === "aside") again = setTimeout(fetch, AGAIN_MS);
            else toasts.show("A part of the page could not be loaded. It may have been updated: reload it", "crit");
          },
        );
      };
      fetch();
      return () => clearTimeout(again);
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

import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A component whose code is fetched when it is first shown; until then it shows nothing. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return function Lazy(props: Props): VNode | null {
    const [part, setPart] = useState<{ readonly Component: ComponentType<Props> } | null>(null);
    useEffect(() => {
      load().then((Component) => setPart({ Component }), reportError);
    }, []);
    return part === null ? null : <part.Component {...props} />;
  };
}

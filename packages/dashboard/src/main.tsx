import { render } from "preact";
import { Shell } from "./app.tsx";
import { AppContext } from "./app-context.ts";
import { createApp } from "./shell.ts";
import { createKeyboard, createLiveState, createPreferences, createRoute, createTheme } from "./state/index.ts";
import "./style/index.css";

const host = document.getElementById("app");
if (host !== null) {
  const preferences = createPreferences();
  // The connection reads a one-time code from the address before the route looks at it.
  const live = createLiveState({ base: new URL(document.baseURI) });
  const app = createApp({
    live,
    preferences,
    route: createRoute(),
    theme: createTheme(),
    keyboard: createKeyboard(undefined, { singleKeys: preferences.singleKeys }),
  });
  render(
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>,
    host,
  );
}

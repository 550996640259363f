export { createKeyboard, type Keyboard, type KeyEventLike } from "./keyboard.ts";
export type { ConnectionState, LiveState, OnScreen, Past, SeriesRing, TailBatch } from "./live.ts";
export { createLiveState } from "./live-state.ts";
export type { PastAnswer, PastNode, PastTable } from "./past-rows.ts";
export { createPreferences, type Density, type Preferences, type TimeZone } from "./preferences.ts";
export { createRoute, type Route, type TimeRange } from "./route.ts";
export type { StorageLike } from "./storage.ts";
export { createTheme, type Theme, type ThemeChoice } from "./theme.ts";

export {
  createKeyboard,
  type Keyboard,
  type KeyEventLike,
  type KeyTargetLike,
  type Shortcut,
} from "./keyboard.ts";
export type {
  ConnectionState,
  ConnectionStatus,
  LiveState,
  OnScreen,
  SeriesColumns,
  SeriesRing,
} from "./live.ts";
export { createLiveState, type LiveStateOptions } from "./live-state.ts";
export {
  createPreferences,
  DENSITIES,
  type Density,
  type Preferences,
  TIME_ZONES,
  type TimeZone,
} from "./preferences.ts";
export { createRoute, type Place, type Route, type TimeRange, type WindowLike } from "./route.ts";
export type { StorageLike } from "./storage.ts";
export { createTheme, type MediaLike, type RootLike, THEMES, type Theme, type ThemeChoice } from "./theme.ts";

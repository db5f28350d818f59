/**
 * The one list of things the user can do. Menu bar, tool bar, context menus and keyboard all read it,
 * so a command is named, drawn, enabled and bound in one place only.
 */
import { computed, onActivated, onDeactivated, onMounted, onUnmounted, shallowReactive, type Component, type ComputedRef } from 'vue'

export interface Command {
  /** see src/app/menus.ts for the ids that the menu bar shows, e.g. 'record.add' */
  id: string
  label: string | (() => string)
  icon?: Component
  /** 'Ctrl+Shift+F', 'Ins', 'F5'; with several, the first is the one shown */
  shortcut?: string | string[]
  /** false or a sentence why not (shown as tooltip); default: enabled */
  enabled?: () => boolean | string
  /** its keys are taken before the focused control sees them (a grid would use Ctrl+Tab for itself) */
  early?: boolean
  /** a tick in the menu */
  checked?: () => boolean
  /** a submenu instead of run: commands, ids of commands, '-' */
  children?: () => (Command | string)[]
  run?: () => void | Promise<void>
}

interface Layer { id: symbol; sets: Set<Map<string, Command>> }

const layers = shallowReactive<Layer[]>([{ id: Symbol('window'), sets: shallowReactive(new Set()) }])
const bottom = layers[0] as Layer
const top = (): Layer => layers[layers.length - 1] ?? bottom

/** A modal dialog puts a layer on top: until it is gone only its own commands answer the keyboard. */
export function pushLayer(): () => void {
  const layer: Layer = { id: Symbol('layer'), sets: shallowReactive(new Set()) }
  layers.push(layer)
  return () => {
    const at = layers.indexOf(layer)
    if (at > 0) layers.splice(at, 1)
  }
}
export function layerCount(): number { return layers.length }

/** every command that was on screen since the start, for the page of shortcuts */
const known = new Map<string, Command>()

export function registerCommands(commands: Command[], layer = top()): () => void {
  for (const command of commands) known.set(command.id, command)
  const set = new Map(commands.map((command) => [command.id, command]))
  layer.sets.add(set)
  return () => layer.sets.delete(set)
}

/** Registers while the component is on screen (a tab in the background does not answer). */
export function useCommands(commands: Command[]): void {
  let drop: (() => void) | null = null
  // The layer it first stood on: a tab may come back in the very moment in which a dialog opens over it.
  let own: Layer | null = null
  const on = (): void => {
    if (!own || !layers.includes(own)) own = top()
    drop ??= registerCommands(commands, own)
  }
  const off = (): void => { drop?.(); drop = null }
  onMounted(on)
  onActivated(on)
  onDeactivated(off)
  onUnmounted(off)
}

function findIn(layer: Layer, id: string): Command | undefined {
  let found: Command | undefined
  for (const set of layer.sets) found = set.get(id) ?? found
  return found
}

/** The command as it stands now: the newest registration wins; the window's own commands are seen from everywhere. */
export function findCommand(id: string): Command | undefined {
  return findIn(top(), id) ?? findIn(bottom, id)
}
export function useCommand(id: string): ComputedRef<Command | undefined> {
  return computed(() => findCommand(id))
}
export function knownCommands(): Command[] {
  return [...known.values()]
}
/** what the window and the page on screen offer now */
export function allCommands(): Command[] {
  const byId = new Map<string, Command>()
  for (const set of bottom.sets) for (const [id, command] of set) byId.set(id, command)
  return [...byId.values()]
}

export function labelOf(command: Command): string {
  return typeof command.label === 'function' ? command.label() : command.label
}
export function whyNot(command: Command): string | null {
  const state = command.enabled?.() ?? true
  return state === true ? null : state === false ? '' : state
}
export function shortcutOf(command: Command): string | undefined {
  return Array.isArray(command.shortcut) ? command.shortcut[0] : command.shortcut
}
export async function runCommand(which: string | Command): Promise<boolean> {
  const command = typeof which === 'string' ? findCommand(which) : which
  if (!command?.run || whyNot(command) !== null) return false
  await command.run()
  return true
}

// ---- keyboard -------------------------------------------------------------------------------------------------

const NAMES: Record<string, string> = { Insert: 'Ins', Delete: 'Del', Escape: 'Esc', ' ': 'Space', PageUp: 'PgUp', PageDown: 'PgDn', ArrowUp: 'Up', ArrowDown: 'Down', ArrowLeft: 'Left', ArrowRight: 'Right' }

/** 'Ctrl+Shift+F' from a key press; letters by their place, so that an input method or Caps Lock does not matter. */
export function chordOf(event: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1] ?? /^Digit([0-9])$/.exec(event.code)?.[1]
  const key = letter ?? NAMES[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key)
  const shift = event.shiftKey && (letter !== undefined || event.key.length > 1 || event.key === ' ')
  return [event.ctrlKey || event.metaKey ? 'Ctrl' : '', event.altKey ? 'Alt' : '', shift ? 'Shift' : '', key].filter(Boolean).join('+')
}

/** Keys that belong to the text while the cursor is in a field. */
const TEXT_KEYS = new Set(['Ctrl+A', 'Ctrl+C', 'Ctrl+X', 'Ctrl+V', 'Ctrl+Z', 'Ctrl+Y', 'Ctrl+Shift+Z', 'Ctrl+Left', 'Ctrl+Right', 'Ctrl+Home', 'Ctrl+End'])
function belongsToField(event: KeyboardEvent, chord: string): boolean {
  const target = event.target as HTMLElement | null
  if (!target || !(target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))) return false
  if (target instanceof HTMLInputElement && /^(checkbox|radio|button)$/.test(target.type)) return false
  if (TEXT_KEYS.has(chord)) return true
  return !(event.ctrlKey || event.metaKey || event.altKey || /^(Shift\+)?F\d+$/.test(chord))
}
/** A button keeps its own Enter and Space. */
function belongsToButton(event: KeyboardEvent, chord: string): boolean {
  const target = event.target as HTMLElement | null
  return (chord === 'Enter' || chord === 'Space') && !!target?.closest('button, a, summary, [role="menuitem"], [role="tab"], [role="treeitem"], [role="option"]')
}

export function handleKey(event: KeyboardEvent, onlyEarly = false): boolean {
  if (event.defaultPrevented || event.isComposing) return false
  const chord = chordOf(event)
  if (belongsToField(event, chord) || belongsToButton(event, chord)) return false
  const sets = [...top().sets].reverse()
  for (const set of sets) {
    for (const command of set.values()) {
      const keys = Array.isArray(command.shortcut) ? command.shortcut : command.shortcut ? [command.shortcut] : []
      if (!keys.includes(chord) || (onlyEarly && !command.early)) continue
      event.preventDefault()
      event.stopPropagation()
      void runCommand(command)
      return true
    }
  }
  return false
}

/** Keys a web view would take for itself (reload, print, find, save page): never let them through. */
const WEBVIEW_KEYS = new Set(['F5', 'Ctrl+R', 'Ctrl+Shift+R', 'Ctrl+P', 'Ctrl+F', 'Ctrl+G', 'Ctrl+S', 'Ctrl+O', 'Ctrl+U', 'Ctrl+J', 'Ctrl+E', 'Ctrl+D', 'Ctrl+N', 'F3', 'F7', 'Ctrl+Shift+F'])

export function startKeyboard(): () => void {
  const listener = (event: KeyboardEvent): void => {
    if (!handleKey(event) && WEBVIEW_KEYS.has(chordOf(event))) event.preventDefault()
  }
  const early = (event: KeyboardEvent): void => { handleKey(event, true) }
  window.addEventListener('keydown', early, true)
  window.addEventListener('keydown', listener)
  return () => {
    window.removeEventListener('keydown', early, true)
    window.removeEventListener('keydown', listener)
  }
}

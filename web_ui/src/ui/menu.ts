/** Menus: one panel component for menu bar, context menus and drop-downs; items are commands, or ids of commands. */
import { shallowRef } from 'vue'
import { findCommand, type Command } from '@/composables/useCommands'
import type { Anchor, Placement } from './place'

/** a command's id, a command, a line, or a small heading */
export type MenuEntry = string | Command | '-' | { heading: string }
export type MenuLine = { kind: 'item'; command: Command } | { kind: 'line' } | { kind: 'heading'; text: string }

/** Looks ids up; what does not exist now is left out, and lines never stand doubled or at an end. */
export function menuLines(entries: MenuEntry[]): MenuLine[] {
  const lines: MenuLine[] = []
  for (const entry of entries) {
    if (entry === '-') {
      if (lines.length && lines[lines.length - 1]?.kind !== 'line') lines.push({ kind: 'line' })
    } else if (typeof entry === 'string') {
      const command = findCommand(entry)
      if (command) lines.push({ kind: 'item', command })
    } else if ('heading' in entry) {
      lines.push({ kind: 'heading', text: entry.heading })
    } else {
      lines.push({ kind: 'item', command: entry })
    }
  }
  while (lines.length && lines[lines.length - 1]?.kind === 'line') lines.pop()
  return lines
}

export interface OpenMenu { anchor: Anchor; entries: MenuEntry[]; placement: Placement; label: string; n: number; closed: () => void }
export const menuNow = shallowRef<OpenMenu | null>(null)
let count = 0

/** Opens a menu at the pointer or beside an element; resolves when it is gone. */
export function openMenu(at: MouseEvent | Anchor, entries: MenuEntry[], options: { placement?: Placement; label?: string } = {}): Promise<void> {
  let anchor: Anchor
  if (at instanceof Event) {
    at.preventDefault()
    at.stopPropagation()
    // the menu key gives no useful point: use the element
    anchor = at.clientX || at.clientY ? { x: at.clientX, y: at.clientY } : (at.target as HTMLElement)
  } else {
    anchor = at
  }
  menuNow.value?.closed()
  return new Promise((resolve) => {
    menuNow.value = { anchor, entries, placement: options.placement ?? 'bottom-start', label: options.label ?? '', n: ++count, closed: () => { menuNow.value = null; resolve() } }
  })
}

/** Enter walks from field to field; shared by forms and sheets. */
import { handleKey } from '@/composables/useCommands'
import { focusables } from '@/ui/focus'

/** where Enter stops, in order */
export function stopsIn(panel: HTMLElement): HTMLElement[] {
  const seen = new Set<string>()
  return focusables(panel).filter((el) => {
    if (el instanceof HTMLButtonElement || (el instanceof HTMLInputElement && el.readOnly && !el.closest('.el-select'))) return false
    // a group of radio buttons is one stop: the one that is on
    if (el instanceof HTMLInputElement && el.type === 'radio') {
      if (!el.checked && panel.querySelector(`input[type=radio][name="${CSS.escape(el.name)}"]:checked`)) return false
      const key = el.name
      if (seen.has(key)) return false
      seen.add(key)
    }
    return true
  })
}

export function focusStop(el: HTMLElement | undefined): void {
  el?.focus()
  if (el instanceof HTMLInputElement && /text|tel|email|search/.test(el.type)) el.select()
}

/** the stop behind the one the cursor is in */
export function stopAfter(panel: HTMLElement, from: HTMLElement): HTMLElement | undefined {
  const all = stopsIn(panel)
  const place = all.findIndex((el) => el === from || (from instanceof HTMLInputElement && from.type === 'radio' && el instanceof HTMLInputElement && el.name === from.name))
  return all[place + 1]
}

/** Handlers for a region: `capture` goes first, `bubble` after the field has had its turn. */
export function enterWalk(inside: () => HTMLElement | null, next: (from: HTMLElement) => void): { capture: (event: KeyboardEvent) => void; bubble: (event: KeyboardEvent) => void } {
  function bubble(event: KeyboardEvent): void {
    const el = event.target as HTMLElement
    if (event.key !== 'Enter' || event.ctrlKey || event.altKey || event.isComposing || event.defaultPrevented) return
    // a button keeps its Enter, longer text its line breaks
    if (el instanceof HTMLButtonElement || el instanceof HTMLTextAreaElement) return
    if (!inside()?.contains(el)) return
    event.preventDefault()
    event.stopPropagation()
    next(el)
  }
  /** A closed drop-down would open on Enter; here Enter means the next field, and Ctrl+Enter what it means elsewhere. */
  function capture(event: KeyboardEvent): void {
    const el = event.target as HTMLElement
    if (event.key !== 'Enter' || event.isComposing || !el.closest('.el-select')) return
    const isOpen = el.getAttribute('aria-expanded') === 'true'
    if (event.ctrlKey) {
      if (!isOpen) handleKey(event)
      return
    }
    if (isOpen) { window.setTimeout(() => next(el), 0); return }
    event.preventDefault()
    event.stopPropagation()
    next(el)
  }
  return { capture, bubble }
}

/** Focus inside floating things: first field, Tab stays inside, and back to where it was. */
const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex]:not([tabindex="-1"])'

export function focusables(root: HTMLElement): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((el) => el.tabIndex >= 0 && !el.matches(':disabled') && el.getClientRects().length > 0)
}

/** the element marked data-autofocus, else the chosen radio, else the first field, else the first button, else the thing itself */
export function focusFirst(root: HTMLElement): void {
  const inside = focusables(root)
  const target = root.querySelector<HTMLElement>('[data-autofocus]')
    ?? inside.find((el) => el instanceof HTMLInputElement && el.type === 'radio' && el.checked)
    ?? inside.find((el) => /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) && !(el as HTMLInputElement).readOnly)
    ?? inside.find((el) => !el.hasAttribute('data-close'))
    ?? root
  target.focus({ preventScroll: true })
}

export function keepTabInside(root: HTMLElement, event: KeyboardEvent): void {
  if (event.key !== 'Tab') return
  const inside = focusables(root)
  const first = inside[0]
  const last = inside[inside.length - 1]
  if (!first || !last) { event.preventDefault(); return }
  const now = document.activeElement
  if (event.shiftKey && (now === first || now === root)) { event.preventDefault(); last.focus() }
  else if (!event.shiftKey && now === last) { event.preventDefault(); first.focus() }
}

/** A closed drop-down of Element Plus keeps Esc to itself; it belongs to what stands around it. */
export function escapesClosedSelect(event: KeyboardEvent): boolean {
  const el = event.target as HTMLElement
  return event.key === 'Escape' && !!el.closest('.el-select') && el.getAttribute('aria-expanded') !== 'true'
}

/** The element to give the focus back to; it may be gone by then. */
export function rememberFocus(): () => void {
  const before = document.activeElement as HTMLElement | null
  return () => { if (before?.isConnected) before.focus({ preventScroll: true }) }
}

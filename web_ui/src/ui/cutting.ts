/** A box that takes only so much says so when something does not fit, instead of dropping it in silence. */
import { t } from '@/locale'
import { toast } from './toast'

type Box = HTMLInputElement | HTMLTextAreaElement

/** how much of what is put in is left out */
export function leftOut(max: number, length: number, selected: number, inserted: number): number {
  return max < 0 ? 0 : Math.min(inserted, Math.max(0, length - selected + inserted - max))
}
function boxOf(event: Event): Box | null {
  const box = event.target
  return (box instanceof HTMLInputElement || box instanceof HTMLTextAreaElement) && box.maxLength > 0 ? box : null
}
/** what of a pasted text a box is given: one of a single line drops the breaks at the end, as cells of a spreadsheet have one, and has blanks for others */
export function given(text: string, isOneLine: boolean): string {
  const lines = text.replace(/\r\n?/g, '\n')
  return isOneLine ? lines.replace(/\n+$/, '').replaceAll('\n', ' ') : lines
}
function selectedIn(box: Box): number {
  // boxes of some types (email, number) do not tell
  return (box.selectionEnd ?? 0) - (box.selectionStart ?? 0)
}
function tell(box: Box, length: number, selected: number, inserted: number): void {
  const n = leftOut(box.maxLength, length, selected, inserted)
  if (n) toast(t('这里最多 {max} 个字，多出的 {n} 个没有写进去。', { max: box.maxLength, n }))
}

export function watchCuts(root: Document = document): void {
  let composed: { length: number; selected: number } | null = null
  root.addEventListener('beforeinput', (event) => {
    const box = boxOf(event)
    if (!box || event.isComposing || !event.inputType.startsWith('insert')) return
    const text = event.data ?? event.dataTransfer?.getData('text/plain') ?? ''
    tell(box, box.value.length, selectedIn(box), given(text, box instanceof HTMLInputElement).length)
  }, true)
  root.addEventListener('compositionstart', (event) => {
    const box = boxOf(event)
    composed = box && { length: box.value.length, selected: selectedIn(box) }
  }, true)
  root.addEventListener('compositionend', (event) => {
    const box = boxOf(event)
    if (box && composed) tell(box, composed.length, composed.selected, event.data.length)
    composed = null
  }, true)
}

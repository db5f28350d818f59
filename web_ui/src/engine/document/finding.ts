/** The box that takes a code, a name, initials or a scan: what is found for the text in it, and which answer counts. */
import { onUnmounted, ref, shallowRef } from 'vue'
import { isAbort } from '@/api/client'
import type { FoundProduct, FoundProducts } from '@/api/types'
import { documents } from './calls'

const SHOWN = 12
const WAIT_MS = 120

/** What Enter takes: the one exact match, else the only one there is. */
export function sure(found: FoundProducts): FoundProduct | null {
  const first = found.items[0]
  return first && found.items.length === 1 ? first : null
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type
export function useFinding(module: () => string) {
  const items = shallowRef<FoundProduct[]>([])
  const at = ref(0)
  const open = ref(false)
  const failed = ref(false)
  const waiting = ref(false)
  /** why what was found is not offered */
  const barred = ref('')
  /** the text that the list belongs to */
  let listed: string | null = null
  let timer = 0
  let abort: AbortController | null = null

  async function list(text: string): Promise<FoundProducts | null> {
    window.clearTimeout(timer)
    abort?.abort()
    const mine = (abort = new AbortController())
    waiting.value = true
    failed.value = false
    try {
      const found = await documents.find(module(), text, SHOWN, mine.signal)
      if (mine.signal.aborted) return null
      items.value = found.items
      barred.value = found.barred ?? ''
      at.value = 0
      listed = text
      return found
    } catch (error) {
      if (!isAbort(error) && !mine.signal.aborted) { failed.value = true; items.value = [] }
      return null
    } finally {
      if (abort === mine) waiting.value = false
    }
  }
  function typed(text: string): void {
    window.clearTimeout(timer)
    abort?.abort()
    open.value = text.trim() !== ''
    if (text.trim()) timer = window.setTimeout(() => void list(text.trim()), WAIT_MS)
    else close()
  }
  function close(): void {
    window.clearTimeout(timer)
    abort?.abort()
    open.value = false
    items.value = []
    listed = null
  }
  /** What Enter means for this text: a product, or a list to choose from. */
  async function enter(text: string): Promise<FoundProduct | null> {
    if (open.value && listed === text && items.value.length) return items.value[at.value] ?? null
    const found = await list(text)
    if (!found) return null
    const one = sure(found)
    if (!one) open.value = true
    return one
  }
  function move(by: number): void { at.value = Math.max(0, Math.min(items.value.length - 1, at.value + by)) }
  onUnmounted(close)
  return { items, at, open, failed, waiting, barred, typed, enter, move, close, listedFor: () => listed }
}
